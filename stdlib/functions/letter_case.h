// Lower and upper case of single characters, for all scripts, by the simple mappings of Unicode: one character becomes
// one character, so "ß" stays in upper case. The table is in the source, not in a system library, so that results are
// the same on every machine. No state; nothing fails.
#pragma once

#include <cstdint>

extern "C" {
/// Out of line for bitcode: the table is not copied into generated code.
uint32_t braid_lower_character(uint32_t point);
uint32_t braid_upper_character(uint32_t point);
}
