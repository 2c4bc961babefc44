// The console's commands, by name.
#pragma once

#include <string_view>

#include "har/application.hpp"

namespace har {

// What stands behind the command's name and one blank. It may be changed in place.
struct Arguments {
  char* data = nullptr;
  std::size_t size = 0;

  std::string_view text() const { return {data, size}; }
};

// A command answers with lines of the application's reply; "m-ready" is said for it.
struct Command {
  std::string_view name;
  void (*run)(Application& application, Arguments arguments);
};

// The command of this name, or nullptr.
const Command* find_command(std::string_view name);

}  // namespace har
