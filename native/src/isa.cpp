// Which kernels this build has and this processor runs.
#include "kernel.hpp"

#if defined(_MSC_VER) && defined(_M_X64)
#include <intrin.h>
#endif

namespace neuroc {

extern const Kernel KERNEL_PORTABLE;
#if defined(__x86_64__) || defined(_M_X64)
extern const Kernel KERNEL_AVX2, KERNEL_AVX512;
#elif defined(__aarch64__) || defined(_M_ARM64)
extern const Kernel KERNEL_NEON;
#endif

namespace {

#if defined(_MSC_VER) && defined(_M_X64)
bool bit(int word, int n) { return (unsigned(word) >> n & 1) != 0; }

// The processor has the instructions and the system saves the registers.
void features(bool &avx2, bool &avx512) {
    int id[4], more[4];
    __cpuid(id, 0);
    avx2 = avx512 = false;
    if (id[0] < 7)
        return;
    __cpuid(id, 1);
    if (!bit(id[2], 27))
        return;
    const unsigned long long saved = _xgetbv(0);
    __cpuidex(more, 7, 0);
    avx2 = (saved & 6) == 6 && bit(more[1], 5) && bit(more[1], 8) && bit(more[1], 3);
    avx512 = avx2 && (saved & 0xE6) == 0xE6 && bit(more[1], 16) && bit(more[1], 17) && bit(more[1], 30) &&
             bit(more[1], 31) && bit(more[2], 11);
}
#elif defined(__x86_64__)
void features(bool &avx2, bool &avx512) {
    __builtin_cpu_init();
    avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
             __builtin_cpu_supports("avx512vnni");
}
#endif

KernelList list() {
    KernelList found = {};
    const auto add = [&](const Kernel &k) { found.kernels[found.count++] = &k; };
#if defined(__x86_64__) || defined(_M_X64)
    bool avx2, avx512;
    features(avx2, avx512);
    if (avx512)
        add(KERNEL_AVX512);
    if (avx2)
        add(KERNEL_AVX2);
#elif defined(__aarch64__) || defined(_M_ARM64)
    add(KERNEL_NEON);
#endif
    add(KERNEL_PORTABLE);
    return found;
}

} // namespace

const KernelList &available_kernels() {
    static const KernelList found = list();
    return found;
}

} // namespace neuroc
