#include "Bridge.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <torch/version.h>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

ctorch_status ctorch_require_gradient(const ctorch_tensor *a, bool required, char **message) {
  return bridge::guarded(message, [&] { a->value.requires_grad_(required); });
}

ctorch_status ctorch_backward(const ctorch_tensor *a, const ctorch_tensor *gradient, char **message) {
  return bridge::guarded(message, [&] { a->value.backward(gradient == nullptr ? at::Tensor() : gradient->value); });
}

ctorch_status ctorch_gradient(const ctorch_tensor *a, ctorch_tensor **out, char **message) {
  return bridge::guarded(message, [&] {
    const at::Tensor &gradient = a->value.grad();
    *out = gradient.defined() ? new ctorch_tensor{gradient} : nullptr;
  });
}

ctorch_status ctorch_clear_gradient(const ctorch_tensor *a, char **message) {
  return bridge::guarded(message, [&] { at::Tensor(a->value).mutable_grad() = at::Tensor(); });
}

bool ctorch_gradient_mode(void) { return c10::GradMode::is_enabled(); }
void ctorch_set_gradient_mode(bool enabled) { c10::GradMode::set_enabled(enabled); }

void ctorch_keep_memory(void) {
#if defined(__GLIBC__)
  mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the most it takes
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
}

void ctorch_set_threads(int32_t count) { at::set_num_threads(count); }
int32_t ctorch_threads(void) { return at::get_num_threads(); }

bool ctorch_device_available(ctorch_device device) {
  switch (device.kind) {
    case CTORCH_CPU: case CTORCH_META: return true;
    case CTORCH_CUDA: {
      if (device.index < 0 || !at::hasCUDA() || device.index >= at::getNumGPUs()) return false;
      // Convolutions round float32 to 10 bits otherwise, and nothing else here does; the only one is a small part of the image encoder.
      // cuDNN's attention, where libtorch prefers it, makes a plan for every new length of a text, which takes longer than an answer.
      static const bool isSet = (at::globalContext().setAllowTF32CuDNN(false), at::globalContext().setSDPUseCuDNN(false), true);
      return isSet;
    }
    case CTORCH_MPS: return at::hasMPS() && device.index == 0;
    default: return false;
  }
}

const char *ctorch_version(void) { return TORCH_VERSION; }

void ctorch_give_back_memory(void) {
#if defined(__GLIBC__)
  // Holes between what is kept would stay the program's, and add up to gigabytes while a checkpoint is packed.
  malloc_trim(0);
#endif
}
