// The pages of docs/errors, built into the command.
#pragma once

#include <string_view>
#include <vector>

namespace braid::cli {

struct ErrorPage {
  int code;
  std::string_view text;  ///< Markdown
};

const std::vector<ErrorPage>& error_pages();

}  // namespace braid::cli
