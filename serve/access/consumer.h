// Somebody who reads products: a person, a service, a program, as its token or its certificate says. Values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace braid::serve {

/// How much a consumer may ask for. 0: as much as it likes.
struct Quotas {
  double requests_per_second = 0;
  double bytes_per_second = 0;  ///< of answers
  int64_t scans = 0;            ///< requests for rows that are answered at one time
  friend bool operator==(const Quotas&, const Quotas&) = default;
};

struct Consumer {
  std::string name;    ///< for people and the audit log: that of braid.toml, or the `sub` of a token
  std::string key;     ///< tells consumers apart, whatever they are called
  std::string domain;  ///< of braid.toml alone: a token never stands for a domain
  std::vector<std::string> roles;
  std::string user;
  std::string purpose;           ///< that this request states; empty: none
  bool is_owner = false;         ///< sees all rows of all products as they are
  int64_t until_us = INT64_MAX;  ///< by the clock: when its token ends
};

}  // namespace braid::serve
