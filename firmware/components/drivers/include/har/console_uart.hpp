// The console's UART: UART0, 8N1, without flow control.
#pragma once

#include "har/bytes.hpp"

namespace har::console_uart {

void open();
// Wait until bytes are there and take as many as fit; at least one.
Bytes read(MutableBytes into);
void write(Bytes text);
// Forget what has come; returns whether there was anything.
bool discard();
// Return once the last stop bit has left.
void drain();

}  // namespace har::console_uart
