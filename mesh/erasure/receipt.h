// The receipt of an erasure: canonical JSON, signed with the key of the project (mesh/registry/signed_json.h). It names
// the subject by a keyed hash alone. Plain values; pure functions; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mesh/registry/domain_key.h"
#include "runtime/base/result.h"

namespace braid::mesh {

struct ErasureReceipt {
  struct Subject {
    std::string source;
    std::vector<std::string> fields;
    std::string hash;
    int64_t requested_us = 0;
    std::string because;
    friend bool operator==(const Subject&, const Subject&) = default;
  };
  /// Where it was looked for: `kind` is "source", "state", "output" or "sample".
  struct Place {
    std::string kind, name, path;
    int64_t rows_before = 0, rows_after = 0;
    std::string done;  ///< "made again without the subject", "deleted", "unchanged", "passed over from now on"
    friend bool operator==(const Place&, const Place&) = default;
  };
  /// What the erasure did not reach, and why.
  struct Remain {
    std::string place, reason;
    friend bool operator==(const Remain&, const Remain&) = default;
  };
  std::string project, environment, store;  ///< `store`: its id
  std::vector<Subject> subjects;
  int64_t completed_us = 0;
  std::vector<Place> places;
  std::vector<Remain> remains;
  bool searched = false;  ///< for the bytes of the key, afterwards
  std::string signer;     ///< public name of the key
  friend bool operator==(const ErasureReceipt&, const ErasureReceipt&) = default;
};

/// `receipt.signer` is set from the key.
std::string sign_receipt(ErasureReceipt receipt, const DomainKey& key);
/// Of which the signature is that of the key it names. An error says what is wrong.
Result<ErasureReceipt> read_receipt(const std::string& text);

}  // namespace braid::mesh
