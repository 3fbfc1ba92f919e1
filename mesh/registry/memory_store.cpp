#include "mesh/registry/memory_store.h"

#include <utility>

namespace braid::mesh {
namespace {

class MemoryTurn : public ObjectStore::Turn {
 public:
  explicit MemoryTurn(std::shared_ptr<int> taken) : taken_(std::move(taken)) { *taken_ = 1; }
  ~MemoryTurn() override { *taken_ = 0; }

 private:
  std::shared_ptr<int> taken_;  // shared: a test may keep the turn longer than the store
};

}  // namespace

Result<std::optional<std::string>> MemoryStore::read(const std::string& name) {
  const auto found = content_.find(name);
  return found == content_.end() ? std::optional<std::string>() : std::optional<std::string>(found->second);
}

Result<bool> MemoryStore::put_if_absent(const std::string& name, const std::string& content) {
  return content_.emplace(name, content).second;
}

Result<std::optional<StoredHead>> MemoryStore::read_head(const std::string& name) {
  const auto found = content_.find(name);
  if (found == content_.end()) return std::optional<StoredHead>();
  return std::optional<StoredHead>({.content = found->second, .etag = std::to_string(swaps_[name])});
}

Result<bool> MemoryStore::swap_head(const std::string& name, const std::optional<std::string>& etag,
                                    const std::string& content) {
  if (const auto hook = std::exchange(before_swap, {})) hook();
  const bool exists = content_.contains(name);
  if (exists != etag.has_value() || (exists && *etag != std::to_string(swaps_[name]))) return false;
  content_[name] = content;
  ++swaps_[name];
  if (const auto hook = std::exchange(behind_lost_swap, {})) {
    hook();
    return false;
  }
  return true;
}

Result<std::vector<std::string>> MemoryStore::list(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& [name, content] : content_)
    if (name.starts_with(folder + "/")) names.push_back(name);
  return names;
}

Status MemoryStore::remove(const std::string& name) {
  content_.erase(name);
  return {};
}

Result<std::unique_ptr<ObjectStore::Turn>> MemoryStore::take_turn() {
  if (*turn_ != 0) return std::unique_ptr<Turn>();
  return std::unique_ptr<Turn>(std::make_unique<MemoryTurn>(turn_));
}

}  // namespace braid::mesh
