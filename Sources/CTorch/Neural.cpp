#include "Bridge.h"
#include "Products.h"

using bridge::produce;

ctorch_status ctorch_matmul(const ctorch_tensor *a, const ctorch_tensor *b, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return a->value.matmul(b->value); });
}

namespace {

// One product with all weights where they lie side by side; else nothing.
std::vector<at::Tensor> product_of_adjoined(const at::Tensor &x, const std::vector<bridge::Layer> &layers) {
  std::vector<const at::Tensor *> weights, biases;
  std::vector<int64_t> rows;
  for (const bridge::Layer &layer : layers) {
    weights.push_back(layer.weight);
    if (layer.bias != nullptr) biases.push_back(&layer.bias->value);
    if (layer.weight->dim() != 2) return {};
    rows.push_back(layer.weight->size(0));
  }
  at::Tensor weight = bridge::adjoined(weights, 0);
  if (!weight.defined()) return {};
  c10::optional<at::Tensor> bias;
  if (!biases.empty()) {
    if (biases.size() != layers.size()) return {};
    bias = bridge::adjoined(biases, 0);
    if (!bias->defined()) return {};
  }
  return at::linear(x, weight, bias).split_with_sizes(rows, -1);
}

std::vector<at::Tensor> products(const at::Tensor &x, const std::vector<bridge::Layer> &layers) {
  int64_t bytes = 0, operations = 0;
  for (const bridge::Layer &layer : layers) {
    const at::Tensor &weight = *layer.weight;
    int64_t rows = weight.dim() == 2 && weight.size(1) > 0 ? x.numel() / weight.size(1) : 0;
    bytes += static_cast<int64_t>(weight.nbytes()), operations += 2 * rows * weight.numel();
  }
  bridge::Counted counted(bytes, operations);
  if (bridge::are_for_own_products(x, layers)) return bridge::own_products(x, layers);
  std::vector<at::Tensor> results = product_of_adjoined(x, layers);
  if (!results.empty()) return results;
  for (const bridge::Layer &layer : layers) results.push_back(at::linear(x, *layer.weight, bridge::optional(layer.bias)));
  return results;
}

}  // namespace

ctorch_status ctorch_linear(const ctorch_tensor *a, const ctorch_tensor *weight, const ctorch_tensor *bias, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return products(a->value, {{&weight->value, bias}})[0]; });
}

ctorch_status ctorch_linear_together(const ctorch_tensor *a, const ctorch_layer *layers, int32_t count, ctorch_tensor **out, char **message) {
  return bridge::guarded(message, [&] {
    std::vector<bridge::Layer> all;
    for (int32_t i = 0; i < count; i++) all.push_back({&layers[i].weight->value, layers[i].bias});
    std::vector<at::Tensor> results = products(a->value, all);
    for (int32_t i = 0; i < count; i++) out[i] = new ctorch_tensor{results[static_cast<size_t>(i)]};
  });
}

ctorch_status ctorch_embedding(const ctorch_tensor *weight, const ctorch_tensor *ids, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return at::embedding(weight->value, ids->value); });
}

ctorch_status ctorch_convolve(const ctorch_tensor *a, const ctorch_tensor *weight, const ctorch_tensor *bias, int64_t stride, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return at::conv2d(a->value, weight->value, bridge::optional(bias), {stride, stride}); });
}

ctorch_status ctorch_layer_norm(const ctorch_tensor *a, const ctorch_tensor *weight, const ctorch_tensor *bias, double epsilon, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return at::layer_norm(a->value, weight->value.sizes(), weight->value, bridge::optional(bias), epsilon); });
}

ctorch_status ctorch_softmax(const ctorch_tensor *a, int64_t dimension, bool logarithm, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return logarithm ? a->value.log_softmax(dimension) : a->value.softmax(dimension); });
}

ctorch_status ctorch_attention(const ctorch_tensor *queries, const ctorch_tensor *keys, const ctorch_tensor *values, const ctorch_tensor *mask,
                               double dropout, bool causal, double scale, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] {
    const at::Tensor *hidden = mask == nullptr ? nullptr : &mask->value;
    if (dropout == 0 && !causal && bridge::is_for_own_attention(queries->value, keys->value, values->value, hidden)) {
      return bridge::own_attention(queries->value, keys->value, values->value, hidden, scale);
    }
    if (!causal && bridge::is_for_plain_attention(queries->value, keys->value, values->value)) {
      return bridge::plain_attention(queries->value, keys->value, values->value, hidden, dropout, scale);
    }
    return at::scaled_dot_product_attention(queries->value, keys->value, values->value, bridge::optional(mask), dropout, causal, scale);
  });
}

ctorch_status ctorch_dropout(const ctorch_tensor *a, double probability, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return at::dropout(a->value, probability, /*train=*/true); });
}

ctorch_status ctorch_cross_entropy(const ctorch_tensor *logits, const ctorch_tensor *targets, int64_t ignored, int64_t reduction, double smoothing,
                                   ctorch_tensor **out, char **message) {
  return produce(out, message, [&] {
    return at::cross_entropy_loss(logits->value, targets->value, {}, reduction, ignored, smoothing);
  });
}

ctorch_status ctorch_resize_bicubic(const ctorch_tensor *a, int64_t height, int64_t width, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return at::upsample_bicubic2d(a->value, {height, width}, /*align_corners=*/false); });
}
