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

// `input` may have more ranges than the layer has inputs.
void check_layer(const Layer &layer, const std::vector<Range> &input) {
    const size_t in = layer.inputs, out = layer.outputs;
    need(layer.inputs >= 1 && layer.outputs >= 1 && layer.inputs <= MAX_WIDTH && layer.outputs <= MAX_WIDTH,
         "a layer has no or too many units");
    need(layer.weight.size() == in * out && layer.constant.size() == out && layer.shift.size() == out &&
             layer.lo.size() == out && layer.hi.size() == out,
         "the tensors of a layer do not fit each other");
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

void check_softmax(const Description &d, const Layer &last) {
    need(d.bits == 8 && (d.staged() || d.channels == 1), "a softmax of another kind");
    need(last.outputs == 1 << d.bits, "the head has another number of outputs");
    for (int i = 0; i < last.outputs; ++i)
        need(last.lo[i] > -(1 << 20) && last.hi[i] < 1 << 20, "a logit leaves its range");
}

// `channels`: those that the outputs of `last` are about.
void check_mixture(const Description &d, const Layer &last, int channels) {
    const Head &h = d.head;
    const bool deep = d.bits > 8;
    need(has_components(h.components), "the number of mixture components");
    const int n = h.components * channels, pairs = channels * (channels - 1) / 2;
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
    const int64_t pulled = (channels - 1) * largest(3 * n, h.components * pairs) * 2 * top + (1 << h.coupling_shift);
    need(pulled < int64_t(1) << 31, "the couplings do not fit int32");
    const int64_t mean = ((h.chained ? 4 : 2) * top << h.centre_shift) + (largest(0, n) << h.offset_shift) +
                         (pulled >> h.coupling_shift) + 1;
    need(mean < int64_t(1) << 30, "the means do not fit int32");
    const int64_t distance = (int64_t(16) << (d.bits + std::max(0, -h.unit))) + mean;
    need(deep || distance < int64_t(1) << 21, "the distances do not fit int32"); // 2^21 * 1023 < 2^31
}

} // namespace

std::vector<Node> chain(const std::vector<Layer> &layers) {
    std::vector<Node> nodes;
    for (const Layer &layer : layers)
        nodes.push_back({{layer}, int(nodes.size()), -1, 0, 0});
    return nodes;
}

void check_network(const std::vector<Node> &nodes, const Inputs &inputs) {
    need(!nodes.empty() && nodes.size() <= MAX_LAYERS, "no or too many layers");
    const size_t groups = inputs.seen.size();
    need(groups >= 1 && groups <= size_t(MAX_CHANNELS), "no or too many groups");
    const auto narrow = [](Range r) { return r.lo <= r.hi && r.lo >= INT16_MIN && r.hi <= INT16_MAX; };
    need(std::all_of(inputs.range.begin(), inputs.range.end(), narrow), "an input of a layer exceeds int16");
    std::vector<std::vector<Range>> ranges = {inputs.range}; // by value
    std::vector<std::vector<int>> seen = {inputs.seen};      // by value: how much of it each group sees
    for (size_t n = 0; n < nodes.size(); ++n) {
        const Node &node = nodes[n];
        const bool last = n + 1 == nodes.size();
        need(node.groups.size() == groups, "a layer has another number of groups");
        need(node.source >= 0 && node.source <= int(n), "a layer reads what is not there");
        need(node.added == -1 || (node.added >= 1 && node.added <= int(n) && !last), "a layer adds what is not there");
        ranges.emplace_back();
        seen.emplace_back();
        for (size_t g = 0; g < groups; ++g) {
            const Layer &layer = node.groups[g];
            need(layer.inputs == seen[node.source][g] && size_t(layer.inputs) <= ranges[node.source].size(),
                 "a layer expects another number of inputs");
            check_layer(layer, ranges[node.source]);
            const int from = g ? seen.back().back() : 0;
            for (int o = 0; o < layer.outputs; ++o) {
                Range r = {layer.lo[o], layer.hi[o]};
                need(last || narrow(r), "an input of a layer exceeds int16");
                if (node.added >= 0) {
                    need(nodes[node.added - 1].groups[g].outputs == layer.outputs, "a layer adds another number");
                    const Range &a = ranges[node.added][from + o];
                    need(narrow({r.lo + a.lo, r.hi + a.hi}) && node.lo <= node.hi, "a sum exceeds int16");
                    r = {node.lo, node.hi};
                    need(narrow(r), "a sum exceeds int16");
                }
                ranges.back().push_back(r);
            }
            seen.back().push_back(from + layer.outputs);
        }
    }
}

void check(const Description &d) {
    need(d.channels >= 1 && d.channels <= MAX_CHANNELS, "the number of channels");
    need(d.bits >= 1 && d.bits <= 16, "the bits per sample");
    need(d.slope >= 0 && d.slope <= MAX_REACH, "the slope of the schedule");
    need(!d.layers.empty(), "no layers");
    check_context(d);
    const size_t groups = d.layers.back().groups.size();
    need(groups == 1 || groups == size_t(d.channels), "a group for each channel or one for all");
    Inputs inputs;
    const int context = (int(d.context.taps.size()) + d.context.levels) * d.channels;
    for (size_t g = 0; g < groups; ++g)
        inputs.seen.push_back(context + int(g));
    inputs.range.assign(size_t(inputs.seen.back()), {-d.context.limit, d.context.limit});
    check_network(d.layers, inputs);
    check_tables(d.tables, d.bits > 8);
    for (const Layer &last : d.layers.back().groups)
        if (d.head.softmax)
            check_softmax(d, last);
        else
            check_mixture(d, last, d.staged() ? 1 : d.channels);
}

} // namespace neuroc
