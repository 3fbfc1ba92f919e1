// Lower, upper and title case of single characters, for all scripts, by the full mappings of Unicode without those of
// single languages: one character becomes one to three, so "ß" is "SS" in upper case. The table is in the source, not
// in a system library, so that results are the same on every machine. No state; nothing fails.
#pragma once

#include <cstdint>

namespace braid {
enum class Case : uint32_t { lower, upper, title };
}  // namespace braid

extern "C" {
/// Out of line for bitcode: the table is not copied into generated code. Writes the characters for `point` to `mapped`,
/// which has room for three, and returns their number. Σ becomes σ: its form depends on the text around it.
uint32_t braid_case_mapping(uint32_t point, braid::Case wanted, uint32_t* mapped);
/// Whether the Σ at byte `at` ends a word of the text: a letter precedes it and none follows it, apart from marks and
/// apostrophes between. It is then ς in lower case.
bool braid_sigma_is_final(const char* text, uint64_t size, uint64_t at);
}
