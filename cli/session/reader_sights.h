// What consumers of served products see of them: the access of the scripts, with the grants of the registry to roles.
// The same plan as everywhere (compiler/access/read_plan.h), run by the interpreter over the rows of a view.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cli/session/session.h"
#include "mesh/access/access_book.h"
#include "serve/access/reader_rules.h"
#include "serve/access/seal.h"

namespace braid::cli {

class ReaderSights : public serve::ReaderRules {
 public:
  /// How long grants that cannot be read again still hold.
  static constexpr int64_t kGrantsHoldUs = 300'000'000;

  /// `relations`: the product of each view of the host, whose view has the rows as they are. The clock outlives this.
  ReaderSights(const std::vector<const typed::Relation*>& relations, Clock& clock);

  /// Grants of the registry to roles; nothing: they could not be read. On any thread.
  void set_grants(std::optional<std::vector<mesh::AccessEntry>> grants);

  std::optional<serve::Sight> sight(size_t view, const serve::Consumer& consumer) override;

 private:
  using Grants = std::shared_ptr<const std::vector<mesh::AccessEntry>>;

  std::vector<std::shared_ptr<const typed::Relation>> relations_;  ///< of each the row and its access alone
  Clock& clock_;
  std::shared_ptr<const serve::Seal> seal_ = std::make_shared<const serve::Seal>();
  std::mutex mutex_;
  Grants grants_;
  int64_t granted_at_ = 0;  ///< steady clock
};

}  // namespace braid::cli
