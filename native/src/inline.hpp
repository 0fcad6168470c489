// How each compiler is told to inline, for the kernels.
#pragma once

#if defined(_MSC_VER)
#define NEUROC_INLINE __forceinline
#define NEUROC_INLINE_LAMBDA
#define NEUROC_KEEP(pointer) (void)(pointer)
#define NEUROC_UNROLL(n)
#else
#define NEUROC_UNROLL(n) NEUROC_PRAGMA(GCC unroll n)
#define NEUROC_PRAGMA(text) _Pragma(#text)
#define NEUROC_KEEP(pointer) __asm__("" : "+r"(pointer)) // in a register, not computed again
#define NEUROC_INLINE inline __attribute__((always_inline))
#define NEUROC_INLINE_LAMBDA __attribute__((always_inline))
#endif
