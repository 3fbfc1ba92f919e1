// The files of the portal's page, which are inside the binary. The page asks the requests under /v1 and nothing else,
// and loads nothing from elsewhere: its Content-Security-Policy allows no more. Any thread.
#pragma once

#include <optional>
#include <string_view>

#include "serve/http/server.h"

namespace braid::serve {

/// Whether the path is that of a file of the page. `/` is.
bool is_of_page(std::string_view path);
/// Nothing: it is no file of the page, or `/` is asked by what is no browser.
std::optional<HttpResponse> page_answer(const HttpRequest& request);

}  // namespace braid::serve
