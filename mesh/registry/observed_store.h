// A store that calls a hook before and after each write, so that tests can end the process there.
#pragma once

#include <functional>
#include <string_view>
#include <type_traits>

#include "mesh/registry/object_store.h"

namespace braid::mesh {

class ObservedStore : public ObjectStore {
 public:
  /// `store` outlives this. The hook is called with "registry_write".
  ObservedStore(ObjectStore& store, std::function<void(std::string_view)> hook)
      : store_(store), hook_(std::move(hook)) {}

  std::string place() const override { return store_.place(); }
  Result<std::optional<std::string>> read(const std::string& name) override { return store_.read(name); }
  Result<bool> put_if_absent(const std::string& name, const std::string& content) override {
    return observed([&] { return store_.put_if_absent(name, content); });
  }
  Result<std::optional<StoredHead>> read_head(const std::string& name) override { return store_.read_head(name); }
  Result<bool> swap_head(const std::string& name, const std::optional<std::string>& etag,
                         const std::string& content) override {
    return observed([&] { return store_.swap_head(name, etag, content); });
  }
  Result<std::vector<std::string>> list(const std::string& folder) override { return store_.list(folder); }
  Result<std::vector<std::string>> list_leftovers(const std::string& folder) override {
    return store_.list_leftovers(folder);
  }
  Status remove(const std::string& name) override {
    return observed([&] { return store_.remove(name); });
  }
  Result<std::unique_ptr<Turn>> take_turn() override { return store_.take_turn(); }
  Result<bool> is_settled(const std::string& name) override { return store_.is_settled(name); }

 private:
  template <class Write>
  std::invoke_result_t<Write> observed(const Write& write) {
    hook_("registry_write");
    auto result = write();
    hook_("registry_write");
    return result;
  }

  ObjectStore& store_;
  std::function<void(std::string_view)> hook_;
};

}  // namespace braid::mesh
