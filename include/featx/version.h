// The version of these headers, and of the library that is linked.
#ifndef FEATX_VERSION_H
#define FEATX_VERSION_H

#define FX_VERSION "0.1.0"

#ifdef __cplusplus
extern "C" {
#endif

const char *fx_version(void);

#ifdef __cplusplus
}
#endif
#endif
