// Checked layers in the order in which a kernel reads them, and the loop over them.
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

// The layers of a description for one kernel. Immutable: any number of threads may run it, each with its own Values.
class Network {
  public:
    // Rows that pass through all layers together: their activations stay in the second cache.
    static constexpr size_t ROWS = 96;

    // All values of up to `rows` pixels, so that a group finds what the groups before it have left.
    class Values {
      public:
        Values(const Network &network, size_t rows);
        // The inputs of a pixel, groups first to last; the padding behind them is readable.
        int16_t *inputs(size_t row) { return arrays_[0].data() + row * stride_; }

      private:
        friend class Network;
        size_t stride_; // of the inputs
        std::vector<Aligned<int16_t>> arrays_;
    };

    // `nodes` must have passed check_network.
    Network(const std::vector<Node> &nodes, const Kernel &kernel);
    Network(const Network &) = delete; // views point into the buffers
    Network &operator=(const Network &) = delete;

    int groups() const { return int(layers_[0].groups.size()); }
    int inputs() const { return inputs_; }
    int outputs() const { return outputs_; }                // of the widest group
    size_t output_stride() const { return output_stride_; } // of y: outputs padded, all of them written

    // y (n, output_stride): the outputs of a group at the pixels whose values begin at `row`.
    void run(int group, Values &values, size_t row, int32_t *y, size_t n) const;

  private:
    struct Packed {
        Aligned<int16_t> weight;
        Aligned<int32_t> numbers; // constant, shift, lo, hi
        PackedLayer view;
        size_t outputs, offset; // where the group stands in its value
    };
    struct PackedNode {
        std::vector<Packed> groups;
        size_t source, target, added; // arrays
        bool adds;
        int16_t lo, hi;
    };

    static Packed pack(const Layer &layer, const Kernel &kernel);
    void assign_arrays(const std::vector<Node> &nodes);

    const Kernel *kernel_;
    std::vector<PackedNode> layers_;
    std::vector<size_t> strides_; // by array
    int inputs_, outputs_ = 0;
    size_t output_stride_ = 0;
};

} // namespace neuroc
