#include "Bridge.h"

#include <algorithm>
#include <numeric>
#include <vector>

using bridge::produce;

ctorch_status ctorch_to_type(const ctorch_tensor *a, ctorch_type type, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return a->value.to(bridge::scalar_type(type)); });
}

ctorch_status ctorch_to_device(const ctorch_tensor *a, ctorch_device device, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] {
    const at::Tensor &source = a->value;
    at::Device target = bridge::device(device);
#if defined(INSTRUCTBLIP_CUDA)
    // Pictures, ids and masks, but not weights: a device copies from pinned memory while we go on, and libtorch keeps that memory until it has.
    constexpr size_t most_pinned = 64 << 20;
    if (target.is_cuda() && source.device().is_cpu() && !source.requires_grad() && source.numel() > 0 && source.nbytes() <= most_pinned) {
      return source.pin_memory().to(target, /*non_blocking=*/true);
    }
#endif
    return source.to(target);
  });
}

namespace {

// The bytes of all in one tensor, and back again. The largest elements come first, so that each part begins where its type may.
std::vector<at::Tensor> carried_at_once(const std::vector<at::Tensor> &tensors) {
  std::vector<size_t> order(tensors.size());
  std::iota(order.begin(), order.end(), size_t(0));
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return tensors[a].element_size() > tensors[b].element_size(); });
  std::vector<at::Tensor> bytes;
  for (size_t i : order) bytes.push_back(tensors[i].contiguous().view(-1).view(at::kByte));
  at::Tensor whole = at::cat(bytes).to(at::kCPU);
  std::vector<at::Tensor> results(tensors.size());
  int64_t start = 0;
  for (size_t i : order) {
    int64_t size = static_cast<int64_t>(tensors[i].nbytes());
    results[i] = whole.narrow(0, start, size).view(tensors[i].scalar_type()).view(tensors[i].sizes());
    start += size;
  }
  return results;
}

}  // namespace

ctorch_status ctorch_to_host(const ctorch_tensor *const *tensors, int32_t count, ctorch_tensor **out, char **message) {
  return bridge::guarded(message, [&] {
    std::vector<at::Tensor> values;
    for (int32_t i = 0; i < count; i++) values.push_back(tensors[i]->value);
    values = carried_at_once(values);
    for (int32_t i = 0; i < count; i++) out[i] = new ctorch_tensor{values[static_cast<size_t>(i)]};
  });
}

ctorch_status ctorch_contiguous(const ctorch_tensor *a, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return a->value.contiguous(); });
}

ctorch_status ctorch_clone(const ctorch_tensor *a, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return a->value.clone(); });
}

ctorch_status ctorch_detach(const ctorch_tensor *a, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return a->value.detach(); });
}

ctorch_status ctorch_reshape(const ctorch_tensor *a, const int64_t *shape, int32_t rank, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return a->value.reshape(bridge::sizes(shape, rank)); });
}

ctorch_status ctorch_expand(const ctorch_tensor *a, const int64_t *shape, int32_t rank, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return a->value.expand(bridge::sizes(shape, rank)); });
}

ctorch_status ctorch_permute(const ctorch_tensor *a, const int64_t *order, int32_t rank, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return a->value.permute(bridge::sizes(order, rank)); });
}

ctorch_status ctorch_transpose(const ctorch_tensor *a, int64_t first, int64_t second, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return a->value.transpose(first, second); });
}

ctorch_status ctorch_squeeze(const ctorch_tensor *a, int64_t dimension, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return a->value.squeeze(dimension); });
}

ctorch_status ctorch_unsqueeze(const ctorch_tensor *a, int64_t dimension, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return a->value.unsqueeze(dimension); });
}

ctorch_status ctorch_slice(const ctorch_tensor *a, int64_t dimension, int64_t start, int64_t end, int64_t step, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return a->value.slice(dimension, start, end, step); });
}

ctorch_status ctorch_select(const ctorch_tensor *a, int64_t dimension, int64_t index, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return a->value.select(dimension, index); });
}

static std::vector<at::Tensor> gathered(const ctorch_tensor *const *parts, int32_t count) {
  std::vector<at::Tensor> list;
  list.reserve(static_cast<size_t>(count));
  for (int32_t i = 0; i < count; i++) list.push_back(parts[i]->value);
  return list;
}

ctorch_status ctorch_concatenate(const ctorch_tensor *const *parts, int32_t count, int64_t dimension, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return at::cat(gathered(parts, count), dimension); });
}

ctorch_status ctorch_stack(const ctorch_tensor *const *parts, int32_t count, int64_t dimension, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return at::stack(gathered(parts, count), dimension); });
}

ctorch_status ctorch_flip(const ctorch_tensor *a, int64_t dimension, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return a->value.flip({dimension}); });
}

ctorch_status ctorch_repeat_interleave(const ctorch_tensor *a, int64_t repeats, int64_t dimension, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return a->value.repeat_interleave(repeats, dimension); });
}

ctorch_status ctorch_triangle(const ctorch_tensor *a, int64_t diagonal, bool upper, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return upper ? a->value.triu(diagonal) : a->value.tril(diagonal); });
}

ctorch_status ctorch_index_select(const ctorch_tensor *a, int64_t dimension, const ctorch_tensor *indices, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return a->value.index_select(dimension, indices->value); });
}

ctorch_status ctorch_gather(const ctorch_tensor *a, int64_t dimension, const ctorch_tensor *indices, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return a->value.gather(dimension, indices->value); });
}

ctorch_status ctorch_scatter(const ctorch_tensor *a, int64_t dimension, const ctorch_tensor *indices, const ctorch_tensor *source, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return a->value.scatter(dimension, indices->value, source->value); });
}

ctorch_status ctorch_masked_fill(const ctorch_tensor *a, const ctorch_tensor *mask, double value, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return a->value.masked_fill(mask->value, value); });
}

ctorch_status ctorch_masked_select(const ctorch_tensor *a, const ctorch_tensor *mask, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return a->value.masked_select(mask->value); });
}

ctorch_status ctorch_where(const ctorch_tensor *condition, const ctorch_tensor *a, const ctorch_tensor *b, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return at::where(condition->value, a->value, b->value); });
}
