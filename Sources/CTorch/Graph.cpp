// Work on a CUDA device, recorded once and repeated as one: what a program told the device step by step, the device then does by itself.
#include "Bridge.h"
#include "Products.h"

#if defined(INSTRUCTBLIP_CUDA)

#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>

namespace {
// While one stream records, nobody may wait for the device, and another recording begins when it is done.
std::recursive_mutex recording;
}  // namespace

struct ctorch_graph {
  std::unique_lock<std::recursive_mutex> turn{recording, std::defer_lock};
  at::cuda::CUDAGraph value;
  c10::DeviceIndex device;
  // Nothing is recorded on the stream that everything else goes through.
  std::optional<c10::cuda::CUDAStreamGuard> side;
  bool is_recording = false;
  // What is counted of it, once a repetition.
  int64_t bytes = 0, operations = 0;
};

bool ctorch_has_cuda(void) { return true; }

bool ctorch_can_record(ctorch_device device) {
  static const bool isWanted = [] {
    const char *choice = std::getenv("INSTRUCTBLIP_CUDA_GRAPHS");
    return choice == nullptr || std::strcmp(choice, "0") != 0;
  }();
  return isWanted && device.kind == CTORCH_CUDA && ctorch_device_available(device);
}

ctorch_status ctorch_graph_begin(ctorch_device device, ctorch_graph **out, char **message) {
  return bridge::guarded(message, [&] {
    auto index = static_cast<c10::DeviceIndex>(device.index);
    auto graph = std::make_unique<ctorch_graph>();
    graph->device = index;
    graph->turn.lock();
    c10::cuda::CUDAGuard guard(index);
    graph->side.emplace(c10::cuda::getStreamFromPool(false, index));
    // Another thread may ask for memory meanwhile.
    graph->value.capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
    graph->is_recording = true;
    graph->bytes = bridge::work.bytes, graph->operations = bridge::work.operations;
    *out = graph.release();
  });
}

ctorch_status ctorch_graph_end(ctorch_graph *graph, char **message) {
  return bridge::guarded(message, [&] {
    graph->is_recording = false;
    // Also where it throws.
    struct Back { ctorch_graph *graph; ~Back() { graph->side.reset(); graph->turn.unlock(); } } back{graph};
    // It was not done yet.
    graph->bytes = bridge::work.bytes - graph->bytes, graph->operations = bridge::work.operations - graph->operations;
    bridge::work.bytes -= graph->bytes, bridge::work.operations -= graph->operations;
    graph->value.capture_end();
  });
}

ctorch_status ctorch_graph_repeat(ctorch_graph *graph, char **message) {
  return bridge::guarded(message, [&] {
    c10::cuda::CUDAGuard guard(graph->device);
    graph->value.replay();
    bridge::work.bytes += graph->bytes, bridge::work.operations += graph->operations;
  });
}

void ctorch_graph_release(ctorch_graph *graph) {
  if (graph == nullptr) return;
  char *message = nullptr;
  // Given up half-way: what was recorded is of no use, and neither is why it cannot be ended.
  if (graph->is_recording) ctorch_graph_end(graph, &message);
  ctorch_free_message(message);
  delete graph;
}

ctorch_status ctorch_synchronize(ctorch_device device, char **message) {
  return bridge::guarded(message, [&] {
    if (device.kind != CTORCH_CUDA) return;
    std::lock_guard<std::recursive_mutex> turn(recording);
    c10::cuda::CUDAGuard guard(static_cast<c10::DeviceIndex>(device.index));
    c10::cuda::device_synchronize();
  });
}

#else

namespace {
ctorch_status without_cuda(char **message) {
  return bridge::guarded(message, [] { TORCH_CHECK(false, "this program was built without CUDA (see docs/gpu.md)"); });
}
}  // namespace

bool ctorch_has_cuda(void) { return false; }
bool ctorch_can_record(ctorch_device) { return false; }
ctorch_status ctorch_graph_begin(ctorch_device, ctorch_graph **, char **message) { return without_cuda(message); }
ctorch_status ctorch_graph_end(ctorch_graph *, char **message) { return without_cuda(message); }
ctorch_status ctorch_graph_repeat(ctorch_graph *, char **message) { return without_cuda(message); }
void ctorch_graph_release(ctorch_graph *) {}
ctorch_status ctorch_synchronize(ctorch_device, char **) { return CTORCH_OK; }

#endif
