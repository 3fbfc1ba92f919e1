// Signature version 4 of Amazon, as stores that speak S3 ask for it. Here, and not by libcurl, because what libcurl
// signs of a query differs from version to version. Pure; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace braid::mesh {

struct AwsKey {
  std::string id, secret;
  std::string session = {};  ///< of credentials that end; empty: none
};

struct AwsRequest {
  std::string method;  ///< "GET", "PUT", "DELETE"
  std::string host;    ///< as in the header `Host`: with the port, unless it is that of the scheme
  std::string path;    ///< not escaped, from the first `/` on
  std::map<std::string, std::string> query = {};    ///< neither is escaped
  std::map<std::string, std::string> headers = {};  ///< that are signed too: names in lower case
  std::string body = {};
};

/// What the request must have to be believed, beside its own headers: "name: value", without `Host`.
std::vector<std::string> signed_headers(const AwsRequest& request, const AwsKey& key, const std::string& region,
                                        int64_t time_us);
/// As the signature has them, and so the URL must: percent-encoded bytes but letters, digits and `-._~`.
std::string aws_escaped(std::string_view text, bool keep_slashes);
/// `a=1&b=2`, escaped, in the order of the names; empty: no query.
std::string aws_query(const std::map<std::string, std::string>& query);

}  // namespace braid::mesh
