// Names and texts as a script writes them. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace braid {

/// `and`, `case`, `null` …: no name without backticks.
bool is_reserved_word(std::string_view word);
/// Letters, digits and `_`, with no digit at the begin. Reserved words are such words, too.
bool is_plain_word(std::string_view text);
/// In backticks where it needs them; empty if no script can write it.
std::string script_name(std::string_view name);
/// A name that needs no backticks, made of the words of another: `Amount (EUR)` as `amount_eur`, `case` as `case_`.
std::string plain_name(std::string_view name);

/// With quotes; control characters, quotes and backslashes are escaped.
void append_string_literal(std::string& out, std::string_view text);
std::string string_literal(std::string_view text);

}  // namespace braid
