#include "description.hpp"

#include "kernel.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>

namespace neuroc {
namespace {

constexpr int MAX_WIDTH = 1 << 12; // inputs or outputs of a layer
constexpr int MAX_LAYERS = 64;
constexpr int MAX_TAPS = 256;
constexpr int MAX_REACH = 64;
constexpr int SCALE_MIN = -7 * 128, SCALE_MAX = 5 * 128;
constexpr int32_t SIGMOID_ONE = 1 << 16;

void need(bool condition, const char *what) {
    if (!condition)
        throw Unsupported(what);
}

void check_layer(const Layer &layer, const std::vector<Range> &input) {
    const size_t in = layer.inputs, out = layer.outputs;
    need(layer.inputs >= 1 && layer.outputs >= 1 && layer.inputs <= MAX_WIDTH && layer.outputs <= MAX_WIDTH,
         "a layer has no or too many units");
    need(input.size() == in, "a layer expects another number of inputs");
    need(layer.weight.size() == in * out && layer.constant.size() == out && layer.shift.size() == out &&
             layer.lo.size() == out && layer.hi.size() == out,
         "the tensors of a layer do not fit each other");
    for (const Range &r : input)
        need(r.lo <= r.hi && r.lo >= INT16_MIN && r.hi <= INT16_MAX, "an input of a layer exceeds int16");
    for (size_t o = 0; o < out; ++o) {
        need(layer.shift[o] >= 1 && layer.shift[o] <= 30, "a shift is outside 1..30");
        need(layer.lo[o] <= layer.hi[o], "an empty clamp range");
        // At most 2^12 products below 2^30: int64 has room. Any order of summation stays between the two sums.
        int64_t positive = 0, negative = 0;
        for (size_t i = 0; i < in; ++i) {
            const int64_t a = int64_t(layer.weight[o * in + i]) * input[i].lo;
            const int64_t b = int64_t(layer.weight[o * in + i]) * input[i].hi;
            positive += std::max<int64_t>(0, std::max(a, b));
            negative += std::max<int64_t>(0, std::max(-a, -b));
        }
        const int64_t bound = std::max(positive, negative) + std::llabs(int64_t(layer.constant[o]));
        need(bound < int64_t(1) << 31, "partial sums do not fit int32");
    }
}

void check_context(const Description &d) {
    const Context &c = d.context;
    const int taps = int(c.taps.size());
    need(taps >= 1 && taps <= MAX_TAPS && c.left >= 0 && c.left < taps && c.up >= 0 && c.up < taps, "the taps");
    for (const Tap &t : c.taps) {
        need(std::abs(t.di) <= MAX_REACH && std::abs(t.dj) <= MAX_REACH, "a tap is too far away");
        // Known when the pixel's turn comes: an earlier step. Replacements outside the tile are earlier, too.
        const bool known = d.slope == 0 ? t.di < 0 || (t.di == 0 && t.dj < 0) : t.dj + d.slope * t.di < 0;
        need(known, "a tap is not causal in this schedule");
    }
    need(c.left_shift >= 0 && c.right_shift >= 0 && c.left_shift <= 8 && c.right_shift <= 16, "the input shifts");
    need(int64_t(4) << (d.bits + c.left_shift) < int64_t(1) << 30, "the inputs do not fit int32");
    need(c.limit >= 1 && c.limit <= INT16_MAX, "the inputs exceed int16");
    need(int(d.layers[0].inputs) == taps * d.channels, "the first layer expects another number of inputs");
}

void check_tables(const Tables &t, bool deep) {
    const auto within = [](const std::vector<int32_t> &v, int32_t lo, int32_t hi) {
        return std::all_of(v.begin(), v.end(), [=](int32_t x) { return x >= lo && x <= hi; });
    };
    need(t.sigmoid.size() == (deep ? size_t(1) << 18 : size_t(1) << 12), "the sigmoid table");
    need(within(t.sigmoid, 0, SIGMOID_ONE) && std::is_sorted(t.sigmoid.begin(), t.sigmoid.end()), "the sigmoid table");
    need(t.exp2.size() == 4096 && within(t.exp2, 0, 1 << 16) && t.exp2[0] >= 1, "the exp2 table");
    need(t.mantissa.size() == 128 && within(t.mantissa, 1, 1023), "the mantissa table");
}

void check_head(const Description &d) {
    const MixtureHead &h = d.head;
    const Layer &last = d.layers.back();
    const bool deep = d.bits > 8;
    need(has_components(h.components), "the number of mixture components");
    const int n = h.components * d.channels, pairs = d.channels * (d.channels - 1) / 2;
    need(last.outputs == 3 * n + h.components * pairs, "the head has another number of outputs");
    need(h.unit >= -6 && h.unit <= 8 && (!deep || h.unit >= 0), "the unit");
    need(h.offset_shift >= 0 && h.offset_shift <= 8 && h.centre_shift >= 0 && h.centre_shift <= 12, "a head shift");
    need(h.coupling_shift >= 1 && h.coupling_shift <= 16, "a head shift");
    const auto largest = [&](int from, int count) {
        int64_t m = 0;
        for (int i = from; i < from + count; ++i)
            m = std::max({m, -int64_t(last.lo[i]), int64_t(last.hi[i])});
        return m;
    };
    for (int i = n; i < 2 * n; ++i)
        need(last.lo[i] >= SCALE_MIN && last.hi[i] <= SCALE_MAX, "a scale leaves its range");
    need(largest(2 * n, n) < 1 << 20, "a logit leaves its range");
    // prove_head of the codec, for these numbers: means, couplings, and the distances that the mantissa multiplies.
    const int64_t top = (int64_t(1) << d.bits) - 1;
    const int64_t pulled = (d.channels - 1) * largest(3 * n, h.components * pairs) * 2 * top + (1 << h.coupling_shift);
    need(pulled < int64_t(1) << 31, "the couplings do not fit int32");
    const int64_t mean =
        (2 * top << h.centre_shift) + (largest(0, n) << h.offset_shift) + (pulled >> h.coupling_shift) + 1;
    need(mean < int64_t(1) << 30, "the means do not fit int32");
    const int64_t distance = (int64_t(16) << (d.bits + std::max(0, -h.unit))) + mean;
    need(deep || distance < int64_t(1) << 21, "the distances do not fit int32"); // 2^21 * 1023 < 2^31
}

} // namespace

void check_layers(const std::vector<Layer> &layers, const std::vector<Range> &input) {
    need(!layers.empty() && layers.size() <= MAX_LAYERS, "no or too many layers");
    std::vector<Range> ranges = input;
    for (const Layer &layer : layers) {
        check_layer(layer, ranges);
        ranges.resize(layer.lo.size());
        for (size_t o = 0; o < ranges.size(); ++o)
            ranges[o] = {layer.lo[o], layer.hi[o]}; // int16 is checked where a further layer reads them
    }
}

void check(const Description &d) {
    need(d.channels >= 1 && d.channels <= 4, "the number of channels");
    need(d.bits >= 1 && d.bits <= 16, "the bits per sample");
    need(d.slope >= 0 && d.slope <= MAX_REACH, "the slope of the schedule");
    need(!d.layers.empty(), "no layers");
    check_context(d);
    check_layers(d.layers, std::vector<Range>(d.layers[0].inputs, {-d.context.limit, d.context.limit}));
    check_tables(d.tables, d.bits > 8);
    check_head(d);
}

} // namespace neuroc
