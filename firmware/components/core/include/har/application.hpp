// What the commands act upon.
#pragma once

#include "har/input_buffer.hpp"
#include "har/model_partition.hpp"
#include "har/port.hpp"
#include "har/reply.hpp"
#include "har/runtime.hpp"
#include "har/text.hpp"
#include "har/window_buffer.hpp"

namespace har {

// One boot of the application: a board, a runtime, the model that was flashed and its input.
struct Application {
  Application(Port& board, Runtime& interpreter, MutableBytes memory)
      : port(board), runtime(interpreter), reply(board), input(memory) {}

  // Check the model partition and load its model; otherwise `why_not_ready` says what is wrong.
  void load_model();
  // Whether inferences can run; where not, the reply says why.
  bool refuses_to_run();
  // The input tensor's bytes from what was loaded, standardised where the model wants it; without
  // data, and the reply says why, where it does not fit the model.
  Bytes input_tensor();
  // The last inference's output, dequantised; an empty list before the first.
  void say_results();
  // The same in brackets alone, within a line.
  void put_results();

  Port& port;
  Runtime& runtime;
  Reply reply;
  InputBuffer input;
  WindowBuffer samples;
  ModelImage image;
  bool has_image = false;
  bool ready = false;
  bool has_output = false;
  Text why_not_ready;
};

}  // namespace har
