// Attention in a step of decoding: libtorch's kernels are made for many queries, and lose more time than they compute.
#include "Parallel.h"
#include "Products.h"

#include <c10/core/GradMode.h>
#include <vector>

namespace bridge {

bool is_for_few_queries(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const at::Tensor *mask) {
  if (c10::GradMode::is_enabled()) return false;
  for (const at::Tensor *tensor : {&q, &k, &v}) {
    if (!tensor->device().is_cpu() || tensor->scalar_type() != at::kFloat || tensor->dim() != 4 || tensor->stride(3) != 1) return false;
    if (tensor->size(0) != q.size(0) || tensor->size(1) != q.size(1)) return false;
  }
  if (q.size(2) > 16 || q.size(3) != k.size(3) || q.size(3) != v.size(3) || k.size(2) != v.size(2) || k.size(2) == 0) return false;
  if (mask == nullptr) return true;
  if (mask->scalar_type() != at::kBool && mask->scalar_type() != at::kFloat) return false;
  return at::is_expandable_to(mask->sizes(), {q.size(0), q.size(1), q.size(2), k.size(2)});
}

at::Tensor few_queries(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const at::Tensor *mask, double scale) {
  int64_t batch = q.size(0), heads = q.size(1), count = q.size(2), keys = k.size(2), size = q.size(3);
  // [B, T, H, d] below, so that the heads can be joined without a copy.
  at::Tensor result = at::empty({batch, count, heads, size}, at::kFloat);
  at::Tensor spread_mask = mask == nullptr ? at::Tensor() : mask->expand({batch, heads, count, keys});
  const bool isBool = spread_mask.defined() && spread_mask.scalar_type() == at::kBool;
  const ckernels_set *set = ckernels_current();
  spread(batch * heads, piece_of(batch * heads, 2 * count * keys * size, 1 << 15), [&](int64_t from, int64_t to) {
    std::vector<float> scores(static_cast<size_t>(keys));
    for (int64_t index = from; index < to; index++) {
      int64_t b = index / heads, h = index % heads;
      ckernels_attention head{};
      head.queries = count;
      head.keys = keys;
      head.size = size;
      head.query = q.const_data_ptr<float>() + b * q.stride(0) + h * q.stride(1);
      head.key = k.const_data_ptr<float>() + b * k.stride(0) + h * k.stride(1);
      head.value = v.const_data_ptr<float>() + b * v.stride(0) + h * v.stride(1);
      head.query_stride = q.stride(2);
      head.key_stride = k.stride(2);
      head.value_stride = v.stride(2);
      head.scale = static_cast<float>(scale);
      if (spread_mask.defined()) {
        int64_t place = b * spread_mask.stride(0) + h * spread_mask.stride(1);
        if (isBool) head.seen = reinterpret_cast<const uint8_t *>(spread_mask.const_data_ptr<bool>()) + place;
        else head.added = spread_mask.const_data_ptr<float>() + place;
        head.mask_row = spread_mask.stride(2);
        head.mask_key = spread_mask.stride(3);
      }
      head.out = result.mutable_data_ptr<float>() + (b * count * heads + h) * size;
      head.out_stride = heads * size;
      ckernels_attend(set, &head, scores.data());
    }
  });
  return result.transpose(1, 2);
}

}  // namespace bridge
