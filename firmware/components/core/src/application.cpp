#include "har/application.hpp"

#include "har/preprocess.hpp"

namespace har {

void Application::load_model() {
  if (const ModelImage* embedded = port.embedded_model()) {
    image = *embedded;
    has_image = true;
  } else {
    has_image = read_model_partition(port.model_partition(), image, why_not_ready);
  }
  if (!has_image) {
    return;
  }
  const char* wrong = runtime.load(image);
  ready = wrong == nullptr;
  if (!ready) {
    why_not_ready.put(wrong);
  }
}

bool Application::refuses_to_run() {
  if (!ready) {
    reply.refuse(why_not_ready.view());
  }
  return !ready;
}

Bytes Application::input_tensor() {
  const Tensor tensor = runtime.input();
  const Bytes loaded = input.loaded();
  const std::size_t wanted = raw_bytes(image.standardisation, tensor);
  if (loaded.size != wanted) {
    reply.refuse("input: ", loaded.size, " bytes loaded, the model takes ", wanted);
    return {};
  }
  if (image.standardisation.channels == 0) {
    return loaded;
  }
  const MutableBytes rest = input.rest();
  if (tensor.bytes > rest.size) {
    reply.refuse("input: no room for a tensor of ", tensor.bytes, " bytes, ", rest.size, " are left");
    return {};
  }
  const char* wrong = standardise(image.standardisation, tensor, loaded.data, rest.data);
  if (wrong != nullptr) {
    reply.refuse(wrong);
    return {};
  }
  return {rest.data, tensor.bytes};
}

void Application::say_results() {
  reply.put("m-results-");
  put_results();
  reply.end_line();
}

void Application::put_results() {
  reply.put("[");
  const Tensor output = has_output ? runtime.output() : Tensor{};
  for (std::size_t index = 0; index < output.elements; ++index) {
    reply.put(index > 0 ? "," : "");
    reply.real(real_element(output, runtime.output_data(), index));
  }
  reply.put("]");
}

}  // namespace har
