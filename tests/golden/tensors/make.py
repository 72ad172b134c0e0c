"""Makes reference.safetensors. Python 3.11, NumPy 2.4.6, safetensors 0.8.0. Run in this folder."""
import numpy as np
from safetensors.numpy import save_file

save_file({"b": np.arange(6, dtype=np.float32).reshape(2, 3) / 2,
           "a": np.array([-1.5], dtype=np.float32),
           "scalar": np.array(0.25, dtype=np.float32),
           "none": np.zeros((0, 4), dtype=np.float32)},
          "reference.safetensors", metadata={"format": "test", "name": "grün \"1\""})
