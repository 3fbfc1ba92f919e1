// A CSV text, as servers of braid write it, as a table on a terminal.
#pragma once

#include <string>

namespace braid::cli {

/// The first line has the headers. An empty cell without quotes is null. Columns of numbers alone stand to the right.
std::string table_of_csv(const std::string& csv, int width, bool color);

}  // namespace braid::cli
