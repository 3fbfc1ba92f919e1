// What a server needs for `https://`: its certificate and key, and whose certificates of clients it takes.
#pragma once

#include <string>

namespace braid::serve {

/// Paths of PEM files.
struct TlsOptions {
  std::string certificate;     ///< of the server, with those between it and the root behind it
  std::string key;             ///< of the certificate
  std::string client_ca = {};  ///< who signs for clients; empty: no client is asked for a certificate
};

}  // namespace braid::serve
