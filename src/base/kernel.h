// Run-time dispatch of vectorized loops.
//
// FX__KERNEL before a function makes the compiler emit it for baseline x86-64, AVX2 and AVX-512 and
// choose at load time; elsewhere, and under sanitizers, the plain function is all there is. Loops
// in such functions are written so that the compiler vectorizes them.
#ifndef FEATX_BASE_KERNEL_H
#define FEATX_BASE_KERNEL_H

#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__) &&       \
    !defined(__SANITIZE_ADDRESS__) && !defined(FX_NO_DISPATCH)
#define FX__KERNEL __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FX__KERNEL
#endif

// Whether kernels for wider vectors than the baseline's stand beside it, to be chosen at run time.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(FX_NO_DISPATCH)
#define FX__WIDE 1
#else
#define FX__WIDE 0
#endif

// Before a loop whose trips are few and known: sums that it indexes can then stay in registers.
// FX__UNROLL_TWICE: before any loop.
#ifdef __clang__
#define FX__UNROLL       _Pragma("unroll")
#define FX__UNROLL_TWICE _Pragma("unroll 2")
#else
#define FX__UNROLL       _Pragma("GCC unroll 16")
#define FX__UNROLL_TWICE _Pragma("GCC unroll 2")
#endif
#endif
