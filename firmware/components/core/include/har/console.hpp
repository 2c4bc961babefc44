// The device's console: MLPerf Tiny's text protocol, and this project's additions to it.
//
// A command ends with '%'; whatever stands between two of them is one command, so after any bytes at
// all the next '%' brings the console back to a beginning. Each is answered with lines that end in
// CR LF, the last of which is "m-ready"; "e-[text]" among them refuses it.
#pragma once

#include <array>
#include <cstddef>

#include "har/application.hpp"
#include "har/bytes.hpp"

namespace har {

constexpr std::size_t kMaxCommand = 4096;
// Of memory for inputs, raw and standardised: enough for every network that fits the device.
constexpr std::size_t kInputBytes = 64 * 1024;

class Console {
 public:
  // `input` holds the inputs of inferences; kInputBytes on the device.
  Console(Port& port, Runtime& runtime, MutableBytes input) : application_(port, runtime, input) {}

  // Load the model and announce the console; called once.
  void boot();
  // Bytes from the UART, cut anywhere: carries out each command that they complete.
  void receive(Bytes bytes);

 private:
  void execute();

  Application application_;
  std::array<char, kMaxCommand> command_{};
  std::size_t length_ = 0;  // of the command; more than fits where it was too long
};

}  // namespace har
