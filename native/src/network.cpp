#include "network.hpp"

#include <algorithm>

namespace neuroc {

Network::Packed Network::pack(const Layer &layer, const Kernel &kernel) {
    const int lanes = kernel.lanes, step = kernel.pairs ? 2 : 1;
    const int blocks = (layer.outputs + lanes - 1) / lanes, inputs = (layer.inputs + step - 1) / step * step;
    const size_t padded = size_t(blocks) * lanes;
    Packed p{Aligned<int16_t>(padded * inputs), Aligned<int32_t>(4 * padded), {}};
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
    p.view = {w, numbers, numbers + padded, numbers + 2 * padded, numbers + 3 * padded, inputs, blocks};
    return p;
}

Network::Network(const std::vector<Layer> &layers, const Kernel &kernel)
    : kernel_(&kernel), inputs_(layers.front().inputs), outputs_(layers.back().outputs), stride_(0) {
    for (const Layer &layer : layers) {
        layers_.push_back(pack(layer, kernel));
        stride_ = std::max(stride_, size_t(layers_.back().view.blocks) * kernel.lanes);
    }
    input_stride_ = size_t(inputs_ + 1) / 2 * 2;
    output_stride_ = size_t(layers_.back().view.blocks) * kernel.lanes;
}

void Network::run(const int16_t *x, int32_t *y, size_t n, Scratch &scratch) const {
    size_t x_stride = input_stride_;
    int16_t *out = scratch.first.data(), *other = scratch.second.data();
    for (size_t l = 0; l + 1 < layers_.size(); ++l) {
        const size_t out_stride = size_t(layers_[l].view.blocks) * kernel_->lanes;
        kernel_->dense16(layers_[l].view, x, x_stride, out, out_stride, n);
        x = out;
        x_stride = out_stride;
        std::swap(out, other);
    }
    kernel_->dense32(layers_.back().view, x, x_stride, y, output_stride_, n);
}

} // namespace neuroc
