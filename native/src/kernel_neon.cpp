// NEON, which every aarch64 processor has: 8 outputs in two registers, smlal multiplies int16 into int32.
#if defined(__aarch64__) || defined(_M_ARM64)

#include <arm_neon.h>

#include "coders.hpp"
#include "dense.hpp"

namespace neuroc {
namespace {

struct Neon {
    using Sums = int32x4x2_t;
    using Weights = int16x8_t;
    using Input = int16x8_t;
    static constexpr int LANES = 8, STEP = 1, BLOCKS = 2;
    static constexpr int ROWS[] = {12, 6}; // 24 sums, 2 weights, 1 input
    static constexpr int SPARSE_BLOCKS = 4, SPARSE_PERCENT = 60;

    static NEUROC_INLINE Sums load(const int32_t *p) { return {{vld1q_s32(p), vld1q_s32(p + 4)}}; }
    static NEUROC_INLINE Weights weights(const int16_t *p) { return vld1q_s16(p); }
    static NEUROC_INLINE Input input(const int16_t *p) { return vld1q_dup_s16(p); }
    static NEUROC_INLINE Sums add(Sums sums, Weights w, Input x) {
        sums.val[0] = vmlal_s16(sums.val[0], vget_low_s16(w), vget_low_s16(x));
        sums.val[1] = vmlal_high_s16(sums.val[1], w, x);
        return sums;
    }
    static NEUROC_INLINE Sums zero() { return {{vdupq_n_s32(0), vdupq_n_s32(0)}}; }
    static NEUROC_INLINE Sums sum(Sums a, Sums b) {
        return {{vaddq_s32(a.val[0], b.val[0]), vaddq_s32(a.val[1], b.val[1])}};
    }
    static NEUROC_INLINE int steps(const int16_t *x, int inputs, uint16_t *list) {
        return find_steps<STEP>(x, inputs, list);
    }
    static NEUROC_INLINE Sums finish(Sums sums, Sums shift, Sums lo, Sums hi) {
        Sums y;
        for (int i = 0; i < 2; ++i) // a shift to the left by a negative number
            y.val[i] = vminq_s32(vmaxq_s32(vshlq_s32(sums.val[i], vnegq_s32(shift.val[i])), lo.val[i]), hi.val[i]);
        return y;
    }
    static NEUROC_INLINE void store(int32_t *p, Sums y) {
        vst1q_s32(p, y.val[0]);
        vst1q_s32(p + 4, y.val[1]);
    }
    static NEUROC_INLINE void store(int16_t *p, Sums y) {
        vst1q_s16(p, vcombine_s16(vmovn_s32(y.val[0]), vmovn_s32(y.val[1])));
    }
};

} // namespace

extern const Kernel KERNEL_NEON;
const Kernel KERNEL_NEON = {"neon",      Neon::LANES,  false,    dense<Neon, int16_t>, dense<Neon, int32_t>, add16,
                            decode_rans, decode_range, intervals};

} // namespace neuroc

#endif
