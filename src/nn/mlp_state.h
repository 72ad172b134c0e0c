// What src/experiment needs of src/nn besides the public headers.
#ifndef FEATX_NN_MLP_STATE_H
#define FEATX_NN_MLP_STATE_H

#include "featx/mlp.h"
#include "featx/training.h"
#include "src/base/tensors.h"

// Key tables: offsets are into fx_mlp_params and fx_training_params.
extern const fx_section fx__mlp_section;      // "mlp"
extern const fx_section fx__training_section; // "train"

// Tensors "mlp.…" and metadata "mlp": the parameters as JSON. Those of network 1 … of an ensemble,
// which has the parameters of network 0, are "ensemble.1.mlp.…".
FX_MUST_CHECK fx_status fx__mlp_to_tensors(const fx_mlp *mlp, int network, fx_tensors *tensors,
                                           fx_error *error);
FX_MUST_CHECK fx_status fx__mlp_from_tensors(const fx_tensors *tensors, int network, fx_mlp **out,
                                             fx_error *error);
#endif
