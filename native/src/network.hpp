// Checked layers in the order in which a kernel reads them, and the loop over a chain of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "description.hpp"
#include "kernel.hpp"

namespace neuroc {

// A zeroed array whose first element starts a cache line.
template <typename T> class Aligned {
  public:
    Aligned() = default;
    explicit Aligned(size_t n) : bytes_(n * sizeof(T) + 63) {
        const auto address = reinterpret_cast<uintptr_t>(bytes_.data());
        offset_ = (64 - address % 64) % 64;
    }
    Aligned(const Aligned &) = delete;
    Aligned &operator=(const Aligned &) = delete;
    Aligned(Aligned &&) = default; // a moved vector keeps its memory, so the offset stays right
    Aligned &operator=(Aligned &&) = default;

    T *data() { return reinterpret_cast<T *>(bytes_.data() + offset_); }
    const T *data() const { return reinterpret_cast<const T *>(bytes_.data() + offset_); }

  private:
    std::vector<unsigned char> bytes_;
    size_t offset_ = 0;
};

// A chain of dense layers for one kernel. Immutable: any number of threads may run it, each with its own Scratch.
class Network {
  public:
    // Rows that pass through all layers together: their activations stay in the second cache.
    static constexpr size_t ROWS = 96;

    class Scratch {
      public:
        explicit Scratch(const Network &network) : first(ROWS * network.stride_), second(ROWS * network.stride_) {}
        Aligned<int16_t> first, second;
    };

    // `layers` must have passed check_layers.
    Network(const std::vector<Layer> &layers, const Kernel &kernel);
    Network(const Network &) = delete; // views point into the buffers
    Network &operator=(const Network &) = delete;

    int inputs() const { return inputs_; }
    size_t input_stride() const { return input_stride_; } // of x: inputs padded, the padding readable
    int outputs() const { return outputs_; }
    size_t output_stride() const { return output_stride_; } // of y: outputs padded, all of them written

    // y (n, output_stride) of x (n, input_stride); n <= ROWS.
    void run(const int16_t *x, int32_t *y, size_t n, Scratch &scratch) const;

  private:
    struct Packed {
        Aligned<int16_t> weight;
        Aligned<int32_t> numbers; // constant, shift, lo, hi
        PackedLayer view;
    };

    static Packed pack(const Layer &layer, const Kernel &kernel);

    const Kernel *kernel_;
    std::vector<Packed> layers_;
    int inputs_, outputs_;
    size_t input_stride_, output_stride_, stride_;
};

} // namespace neuroc
