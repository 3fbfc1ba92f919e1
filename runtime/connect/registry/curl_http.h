// HTTP by libcurl; the only folder that includes it. Names are resolved without blocking where libcurl was built so,
// which it is on Debian.
#pragma once

#include <memory>
#include <string>

#include "runtime/base/result.h"
#include "runtime/connect/registry/http.h"

namespace braid::registry {

/// Paths of PEM files. Servers are always checked, against `ca_file`, or else the machine's list.
struct TlsSettings {
  std::string ca_file;
  std::string certificate_file;  ///< of the client; empty: none
  std::string key_file;
  std::string key_password;
};

/// Fails with ErrorKind::usage if a file of the settings cannot be read.
Result<std::unique_ptr<Http>> make_curl_http(const TlsSettings& tls);

}  // namespace braid::registry
