#include "network.hpp"

#include <algorithm>

namespace neuroc {

namespace {

bool is_rectified(const Node &node) {
    if (node.added >= 0)
        return node.lo >= 0;
    return std::all_of(node.groups.begin(), node.groups.end(), [](const Layer &layer) {
        return std::all_of(layer.lo.begin(), layer.lo.end(), [](int32_t lo) { return lo >= 0; });
    });
}

} // namespace

Network::Packed Network::pack(const Layer &layer, const Kernel &kernel) {
    const int lanes = kernel.lanes, step = kernel.pairs ? 2 : 1;
    const int blocks = (layer.outputs + lanes - 1) / lanes, inputs = (layer.inputs + step - 1) / step * step;
    const size_t padded = size_t(blocks) * lanes;
    Packed p{Aligned<int16_t>(padded * inputs), Aligned<int32_t>(4 * padded), {}, 0, 0};
    int16_t *w = p.weight.data();
    int32_t *numbers = p.numbers.data();
    for (int o = 0; o < layer.outputs; ++o) {
        const int block = o / lanes, lane = o % lanes;
        for (int i = 0; i < layer.inputs; ++i) {
            const size_t at = (size_t(block) * (inputs / step) + i / step) * lanes * step + lane * step + i % step;
            w[at] = layer.weight[size_t(o) * layer.inputs + i];
        }
        numbers[o] = layer.constant[o];
        numbers[padded + o] = layer.shift[o];
        numbers[2 * padded + o] = layer.lo[o];
        numbers[3 * padded + o] = layer.hi[o];
    }
    // Padding has zeros everywhere: its outputs are 0.
    p.view = {w, numbers, numbers + padded, numbers + 2 * padded, numbers + 3 * padded, inputs, blocks, false};
    p.outputs = size_t(layer.outputs);
    return p;
}

Network::Network(const std::vector<Node> &nodes, const Kernel &kernel)
    : kernel_(&kernel), inputs_(nodes.front().groups.back().inputs) { // the last group sees all of them
    for (const Node &node : nodes) {
        PackedNode packed = {{}, 0, 0, 0, node.added >= 0, int16_t(node.lo), int16_t(node.hi)};
        size_t offset = 0;
        for (const Layer &layer : node.groups) {
            packed.groups.push_back(pack(layer, kernel));
            packed.groups.back().view.rectified = node.source > 0 && is_rectified(nodes[size_t(node.source) - 1]);
            packed.groups.back().offset = offset;
            offset += size_t(layer.outputs);
        }
        layers_.push_back(std::move(packed));
    }
    for (const Packed &group : layers_.back().groups) {
        outputs_ = std::max(outputs_, int(group.outputs));
        output_stride_ = std::max(output_stride_, size_t(group.view.blocks) * kernel.lanes);
    }
    assign_arrays(nodes);
}

// An array for each value. One group needs a value until its last reader only, and may use its array again; several
// need all values of a pixel until its last channel is coded.
void Network::assign_arrays(const std::vector<Node> &nodes) {
    const size_t count = nodes.size(); // values: the outputs of the last layer are elsewhere
    std::vector<size_t> last(count, 0), array(count, 0);
    std::vector<bool> busy = {true};
    for (size_t n = 0; n < count; ++n) {
        last[size_t(nodes[n].source)] = n;
        if (nodes[n].added >= 0)
            last[size_t(nodes[n].added)] = n;
    }
    strides_ = {size_t(inputs_)};
    for (size_t n = 0; n < count; ++n) {
        PackedNode &node = layers_[n];
        node.source = array[size_t(nodes[n].source)];
        node.added = node.adds ? array[size_t(nodes[n].added)] : 0;
        if (n + 1 == count)
            break;
        size_t a = groups() > 1 ? busy.size() : 1; // array 0 keeps the inputs
        while (a < busy.size() && busy[a])
            ++a;
        if (a == busy.size()) {
            busy.push_back(true);
            strides_.push_back(0);
        }
        busy[a] = true;
        array[n + 1] = node.target = a;
        for (const Packed &group : node.groups) // rows of padding of a group are where the next one will be
            strides_[a] = std::max(strides_[a], group.offset + size_t(group.view.blocks) * kernel_->lanes);
        for (size_t v = 1; v <= n; ++v)
            if (last[v] == n && groups() == 1)
                busy[array[v]] = false;
    }
    for (size_t &stride : strides_)
        stride = (stride + 31) / 32 * 32; // a cache line
}

Network::Values::Values(const Network &network, size_t rows) : stride_(network.strides_[0]) {
    for (const size_t stride : network.strides_)
        arrays_.emplace_back(rows * stride);
}

void Network::run(int group, Values &values, size_t row, int32_t *y, size_t n) const {
    const auto at = [&](size_t array) { return values.arrays_[array].data() + row * strides_[array]; };
    for (const PackedNode &node : layers_) {
        const Packed &layer = node.groups[size_t(group)];
        if (&node == &layers_.back()) {
            kernel_->dense32(layer.view, at(node.source), strides_[node.source], y, output_stride_, n);
            break;
        }
        int16_t *to = at(node.target) + layer.offset;
        const size_t stride = strides_[node.target];
        kernel_->dense16(layer.view, at(node.source), strides_[node.source], to, stride, n);
        if (node.adds)
            kernel_->add16(at(node.added) + layer.offset, strides_[node.added], to, stride, layer.outputs, n, node.lo,
                           node.hi);
    }
}

} // namespace neuroc
