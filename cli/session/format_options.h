// The options of formats as scripts and braid.toml write them: their names, and the check of their values.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runtime/codec/encoder.h"
#include "runtime/data/value.h"
#include "runtime/report/diagnostic.h"

namespace braid::cli {

using FormatOptions = std::vector<std::pair<std::string, std::string>>;  ///< by name, values as text

/// A value of a script as the text that braid.toml would have: texts unchanged, a list of names as a line of CSV.
std::string option_text(const Value& value);

/// The value of the option in the text of a connector that stands at `connector`; all of it, if it is not found.
Span place_of_option(std::string_view text, Span connector, std::string_view name);

/// Reports unknown names and wrong values. `owner` is what is bound, a source or (`is_output`) a product; `place` may
/// be empty. `text`: that of the script at `place`, if that is a connector, whose option is then shown alone.
void check_format_options(const std::string& owner, const FormatOptions& options, bool is_output, Span place,
                          Reporter& reporter, std::string_view text = {});

/// The options must be valid.
CsvStyle csv_style(const FormatOptions& options);

}  // namespace braid::cli
