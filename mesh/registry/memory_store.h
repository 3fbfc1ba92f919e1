// A registry in memory, for tests. It can let another writer in, or fail, before a chosen write.
#pragma once

#include <functional>
#include <map>

#include "mesh/registry/object_store.h"

namespace braid::mesh {

class MemoryStore : public ObjectStore {
 public:
  std::string place() const override { return "memory"; }
  Result<std::optional<std::string>> read(const std::string& name) override;
  Result<bool> put_if_absent(const std::string& name, const std::string& content) override;
  Result<std::optional<StoredHead>> read_head(const std::string& name) override;
  Result<bool> swap_head(const std::string& name, const std::optional<std::string>& etag,
                         const std::string& content) override;
  Result<std::vector<std::string>> list(const std::string& folder) override;
  Result<std::vector<std::string>> list_leftovers(const std::string&) override { return std::vector<std::string>(); }
  Status remove(const std::string& name) override;
  Result<std::unique_ptr<Turn>> take_turn() override;

  /// All that is stored, to look at and to damage.
  std::map<std::string, std::string>& content() { return content_; }
  /// Called before a head is swapped: another writer may come first.
  std::function<void()> before_swap;
  /// Called behind a swap, whose answer is then lost, and said to be false: another writer has come since.
  std::function<void()> behind_lost_swap;

 private:
  std::map<std::string, std::string> content_;
  std::map<std::string, int64_t> swaps_;  ///< of a head; its etag
  std::shared_ptr<int> turn_ = std::make_shared<int>(0);
};

}  // namespace braid::mesh
