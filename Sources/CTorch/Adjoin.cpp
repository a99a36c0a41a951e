// Weights of several layers of one input, laid side by side in memory, so that a device multiplies with all of them at once.
#include "Products.h"

namespace bridge {

at::Tensor adjoined(const std::vector<const at::Tensor *> &parts, int64_t dimension) {
  if (parts.size() < 2) return {};
  const at::Tensor &first = *parts[0];
  if (first.dim() <= dimension || first.is_meta()) return {};
  auto sizes = first.sizes().vec();
  int64_t next = first.storage_offset();
  sizes[static_cast<size_t>(dimension)] = 0;
  for (const at::Tensor *part : parts) {
    if (!part->is_alias_of(first) || part->requires_grad() || part->scalar_type() != first.scalar_type() || part->dim() != first.dim() ||
        part->strides() != first.strides() || part->storage_offset() != next)
      return {};
    for (int64_t i = 0; i < first.dim(); i++)
      if (i != dimension && part->size(i) != first.size(i)) return {};
    sizes[static_cast<size_t>(dimension)] += part->size(dimension);
    next += part->size(dimension) * part->stride(dimension);
  }
  return first.as_strided(sizes, first.strides(), first.storage_offset());
}

}  // namespace bridge

ctorch_status ctorch_adjoin(ctorch_tensor *const *parts, int32_t count, int64_t dimension, char **message) {
  return bridge::guarded(message, [&] {
    std::vector<at::Tensor> values;
    for (int32_t i = 0; i < count; i++) {
      TORCH_CHECK(!parts[i]->value.requires_grad(), "a tensor that gathers gradients stays where it is");
      values.push_back(parts[i]->value);
    }
    at::Tensor whole = at::cat(values, dimension);
    int64_t start = 0;
    for (int32_t i = 0; i < count; i++) {
      int64_t size = values[static_cast<size_t>(i)].size(dimension);
      parts[i]->value = whole.narrow(dimension, start, size);
      start += size;
    }
  });
}
