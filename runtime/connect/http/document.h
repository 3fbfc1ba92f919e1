// One document of a server, as a text: for what a command needs once, such as the keys of an issuer, or an answer.
#pragma once

#include <string>

#include "runtime/base/result.h"

namespace braid {

/// Waits at most ten seconds. Fails where the server does not answer with 200, or with more than a megabyte; the
/// message does not have the URL. The machine's list of authorities judges a server of `https://`.
Result<std::string> get_document(const std::string& url);
using GetDocument = Result<std::string> (*)(const std::string& url);
/// The same of the answer to a `POST` of JSON.
Result<std::string> post_document(const std::string& url, const std::string& json);
using PostDocument = Result<std::string> (*)(const std::string& url, const std::string& json);

}  // namespace braid

/// Entries of the shared library.
extern "C" braid::GetDocument braid_http_get_document();
extern "C" braid::PostDocument braid_http_post_document();
