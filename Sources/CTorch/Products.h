// What libtorch is slow at: one row, or a few, against large weights, and attention.
#pragma once

#include "Bridge.h"
#include "CKernels.h"

#include <atomic>
#include <chrono>
#include <vector>

namespace bridge {

// What products of linear layers take (convolutions and embeddings are not counted): read by measurements, kept always, as it costs nothing beside a product.
struct Work {
  std::atomic<int64_t> nanoseconds{0}, bytes{0}, operations{0};
};
extern Work work;

// Counts one product, from here to the end of the scope.
struct Counted {
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  Counted(int64_t bytes, int64_t operations) {
    work.bytes += bytes;
    work.operations += operations;
  }
  ~Counted() {
    work.nanoseconds += std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start).count();
  }
};

ckernels_type plain_type(at::ScalarType type);

// Elements `start..<start + count` of a contiguous tensor on the CPU, as float32.
void to_floats(const at::Tensor &source, int64_t start, int64_t count, float *out);

// Whether kernels may read one number of it for each output.
bool is_bias_of(const at::Tensor &bias, int64_t outputs);

// A weight of a linear layer and its bias, or NULL.
struct Layer {
  const at::Tensor *weight;
  const ctorch_tensor *bias;
};

// Whether `own_products` are the better way to x @ weight^T + bias of each: few rows, or small weights; no gradients.
bool are_for_own_products(const at::Tensor &x, const std::vector<Layer> &layers);

// Summed in float32, rounded once to x's type.
std::vector<at::Tensor> own_products(const at::Tensor &x, const std::vector<Layer> &layers);

// What lies side by side in one memory, as one tensor; undefined where it does not, or gathers gradients.
at::Tensor adjoined(const std::vector<const at::Tensor *> &parts, int64_t dimension);

// Whether `own_attention` is the better way to attention: float32, no gradients. [B, H, T, d] each.
bool is_for_own_attention(const at::Tensor &queries, const at::Tensor &keys, const at::Tensor &values, const at::Tensor *mask);
at::Tensor own_attention(const at::Tensor &queries, const at::Tensor &keys, const at::Tensor &values, const at::Tensor *mask, double scale);

// Attention written out, for training on the CPU: the way back through libtorch's fused attention takes up to ten times as long there.
// Only as long as the scores fit into memory easily.
bool is_for_plain_attention(const at::Tensor &queries, const at::Tensor &keys, const at::Tensor &values);
at::Tensor plain_attention(const at::Tensor &queries, const at::Tensor &keys, const at::Tensor &values, const at::Tensor *mask, double dropout,
                           double scale);

}  // namespace bridge
