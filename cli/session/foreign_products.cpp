#include "cli/session/foreign_products.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "cli/session/mesh_registry.h"
#include "compiler/check/declarations.h"
#include "mesh/gate/definition_change.h"
#include "mesh/registry/content_hash.h"
#include "mesh/registry/directory_store.h"
#include "mesh/registry/interface_script.h"
#include "runtime/data/script_text.h"
#include "runtime/report/registry_findings.h"
#include "runtime/report/suggest.h"

namespace braid::cli {
namespace {

/// `use d.x version n` of a domain that is not in the project.
struct ForeignUse {
  std::string domain, name;
  std::optional<int64_t> version;
  Span span;
  /// Domains of ours that use it, what for (empty: they do not say), and where.
  std::map<std::pair<std::string, std::string>, Span> readers;

  std::string qualified() const { return domain + "." + name; }
  std::string use_name() const { return mesh::use_name(qualified(), version); }
};

std::vector<ForeignUse> foreign_uses(const std::vector<std::unique_ptr<ast::Script>>& scripts) {
  std::set<std::string> own;
  std::vector<ForeignUse> uses;
  for (const auto& script : scripts) {
    // Without its `domain` it may be of any.
    if (script->domain.path.parts.empty()) return {};
    own.insert(checking::domain_name(*script));
  }
  for (const auto& script : scripts) {
    const std::string reader = checking::domain_name(*script);
    for (const ast::Use& use : script->uses) {
      if (use.path.parts.size() < 2) continue;
      ast::Path domain = use.path;
      domain.parts.pop_back();
      ForeignUse made{.domain = checking::path_text(domain),
                      .name = use.path.parts.back().text,
                      .version = {},
                      .span = use.path.span};
      if (use.version) made.version = use.version->value;
      if (own.contains(made.domain)) continue;
      auto known = std::ranges::find_if(uses, [&](const auto& one) { return one.use_name() == made.use_name(); });
      if (known == uses.end()) known = uses.insert(uses.end(), std::move(made));
      known->readers.try_emplace({reader, use.purpose ? use.purpose->text : std::string()}, use.path.span);
    }
  }
  return uses;
}

/// The lock and the cache of a project, and the registry where one is needed.
class Pins {
 public:
  Pins(const Project& project, Reporter& reporter)
      : project_(project), reporter_(reporter), cache_(real_fs(), cache_path(project)) {}

  bool has_lock() const { return has_lock_; }
  mesh::Lock& lock() { return lock_; }

  bool load() {
    const Result<FileInfo> info = real_fs().stat(lock_path(project_));
    if (!info.ok() || !info->exists) return true;
    has_lock_ = true;
    std::string reason;
    if (const auto text = read_file(lock_path(project_), reason)) {
      Result<mesh::Lock> lock = mesh::read_lock(*text);
      if (lock.ok()) {
        stored_ = lock_ = std::move(*lock);
        return true;
      }
      reason = lock.error().message;
    }
    reporter_.report(diag::LockFileBroken{.path = lock_path(project_), .reason = reason});
    return false;
  }

  bool save() {
    if (lock_ == stored_) return true;
    if (const Status written = real_fs().write_file(lock_path(project_), mesh::lock_text(lock_)); !written.ok()) {
      reporter_.report(diag::CannotWrite{.path = lock_path(project_), .reason = written.error().message});
      return false;
    }
    stored_ = lock_;
    return true;
  }

  /// Pins what the registry has now. False if that was reported.
  bool pin(const ForeignUse& use) {
    const mesh::Publication* head = head_of(use.domain, use.span);
    if (head == nullptr) return false;
    const auto definition = head->definitions.find(use.name);
    const auto product = head->products.find(use.name);
    const bool is_product = product != head->products.end() && !product->second.empty();
    if (definition != head->definitions.end() && use.version && !is_product) {
      reporter_.report(diag::DefinitionHasNoVersion{.name = use.qualified(), .kind = definition->second.kind})
          .at(use.span, "without `version`");
      return false;
    }
    if (definition != head->definitions.end() && !use.version)
      lock_.definitions[use.qualified()] = {.minor = definition->second.minor,
                                            .definition = definition->second.definition};
    if (!is_product && definition != head->definitions.end()) return true;
    if (!is_product) {
      std::vector<std::string> names;
      for (const auto& [name, versions] : head->products) names.push_back(name);
      for (const auto& [name, one] : head->definitions) names.push_back(name);
      auto finding = reporter_.report(diag::NotPublished{.domain = use.domain, .name = use.name});
      finding.at(use.span, "not in the registry");
      if (head->retired.contains(use.name)) finding.note("all its versions are retired");
      if (const auto near = closest(use.name, names)) finding.note("did you mean `" + *near + "`?");
      return false;
    }
    const auto version = use.version ? product->second.find(*use.version) : std::prev(product->second.end());
    if (version == product->second.end()) {
      std::vector<std::string> numbers;
      for (const auto& [number, one] : product->second) numbers.push_back(std::to_string(number));
      auto finding = reporter_.report(diag::VersionNotPublished{.product = use.qualified(), .version = *use.version});
      finding.at(use.span, "not in the registry");
      if (const auto over = head->retired.find(use.name);
          over != head->retired.end() && over->second.contains(*use.version))
        finding.note("it is retired");
      finding.note(fmt::format("it has: {}", fmt::join(numbers, ", ")));
      return false;
    }
    lock_.products[use.use_name()] = {.version = version->first,
                                      .minor = version->second.minor,
                                      .interface = version->second.interface,
                                      .addresses = version->second.addresses};
    return true;
  }

  /// The interface of a pin: from the cache, else from the registry. Nothing if that was reported.
  std::optional<mesh::Interface> interface(const std::string& name, const mesh::Pin& pin, Span place) {
    return object(name, pin.interface, place, mesh::interface_of_json);
  }
  /// The same of a definition.
  std::optional<mesh::Definition> definition(const std::string& name, const mesh::DefinitionPin& pin, Span place) {
    std::optional<mesh::Definition> made = object(name, pin.definition, place, mesh::definition_of_json);
    if (!made || made->qualified() == name) return made;
    reporter_.report(diag::RegistryDamaged{.object = mesh::object_name(pin.definition),
                                           .place = cache_path(project_),
                                           .reason = "it is `" + made->qualified() + "`"});
    return std::nullopt;
  }

  template <class Made>
  std::optional<Made> object(const std::string& name, const std::string& hash, Span place,
                             Result<Made> (*parse)(std::string_view)) {
    const std::string object = mesh::object_name(hash);
    const Result<std::optional<std::string>> cached = cache_.read(object);
    std::optional<std::string> text = cached.ok() ? *cached : std::nullopt;
    const bool damaged = text && mesh::content_hash(*text) != hash;
    if (!text || damaged) {
      text = fetch(name, hash, place);
      if (!text) return std::nullopt;
      if (damaged && !cache_.remove(object).ok()) {
        not_cached(name, place);
        return std::nullopt;
      }
      if (const auto put = cache_.put_if_absent(object, *text); !put.ok()) {
        reporter_.report(diag::CannotWrite{.path = cache_path(project_), .reason = put.error().message});
        return std::nullopt;
      }
    }
    Result<Made> read = parse(*text);
    if (read.ok()) return std::move(*read);
    reporter_.report(
        diag::RegistryDamaged{.object = object, .place = cache_path(project_), .reason = read.error().message});
    return std::nullopt;
  }

  /// Versions of the product that the registry has; empty if it cannot be read.
  int64_t newest(const ForeignUse& use) {
    const mesh::Publication* head = head_of(use.domain, use.span);
    if (head == nullptr || !head->products.contains(use.name)) return 0;
    return head->products.at(use.name).rbegin()->first;
  }

  /// The oldest version after `version` that says how its rows follow from those; nothing if none does, or if the
  /// registry cannot be read.
  std::optional<mesh::Interface> follower(const ForeignUse& use, int64_t version) {
    const mesh::Publication* head = head_of(use.domain, use.span);
    if (head == nullptr || !head->products.contains(use.name)) return std::nullopt;
    const auto& versions = head->products.at(use.name);
    for (auto later = versions.upper_bound(version); later != versions.end(); ++later) {
      Result<mesh::Interface> interface = registry_->interface(later->second.interface);
      if (interface.ok() && interface->migration && interface->migration->from == version) return std::move(*interface);
    }
    return std::nullopt;
  }

 private:
  void not_cached(const std::string& name, Span place) {
    auto finding = reporter_.report(diag::PinNotThere{.product = name, .folder = cache_path(project_)});
    if (!place.empty()) finding.at(place, "");
    finding.note("`braid update " + mesh::parse_use_name(name).first + "` pins what the registry has now");
  }

  std::optional<std::string> fetch(const std::string& name, const std::string& hash, Span place) {
    const size_t before = reporter_.size();
    if (open()) {
      const Result<std::string> text = registry_->object(hash);
      if (text.ok()) return *text;
    }
    reporter_.truncate(before);
    not_cached(name, place);
    return std::nullopt;
  }

  bool open() {
    if (registry_) return true;
    store_ = open_product_registry(project_, reporter_);
    if (store_) registry_ = std::make_unique<mesh::Registry>(*store_, system_clock());
    return registry_ != nullptr;
  }

  /// The newest publication of a domain, by a key that we know. Null if that was reported.
  const mesh::Publication* head_of(const std::string& domain, Span place) {
    if (const auto known = heads_.find(domain); known != heads_.end()) return known->second ? &*known->second : nullptr;
    std::optional<mesh::Publication>& head = heads_[domain];
    if (!open()) return nullptr;
    if (!mesh::is_domain_name(domain)) {
      reporter_.report(diag::NameNotPublishable{.name = domain}).at(place);
      return nullptr;
    }
    const auto pinned = lock_.domains.find(domain);
    const std::string key = pinned == lock_.domains.end() ? "" : pinned->second.key;
    const Result<std::vector<mesh::StoredPublication>> chain = registry_->chain(domain, key);
    if (!chain.ok()) {
      report_error(chain.error(), reporter_, place);
      return nullptr;
    }
    if (chain->empty()) {
      auto finding = reporter_.report(diag::DomainNotPublished{.domain = domain});
      finding.at(place, "no file begins with `domain " + domain + "`, and nobody has published it");
      if (const auto all = registry_->domains(); all.ok())
        if (const auto near = closest(domain, *all)) finding.note("did you mean `" + *near + "`?");
      return nullptr;
    }
    const mesh::Publication& newest = chain->front().publication;
    if (!key.empty() && chain->back().publication.signer != key) {
      reporter_.report(diag::PinnedKeyDiffers{.domain = domain, .path = lock_path(project_)}).at(place);
      return nullptr;
    }
    if (!key.empty() && newest.sequence < pinned->second.sequence) {
      reporter_
          .report(diag::RegistryDamaged{
              .object = "domains/" + domain + "/head",
              .place = registry_->place(),
              .reason = fmt::format("it is publication {}, and braid.lock has seen publication {}", newest.sequence,
                                    pinned->second.sequence)})
          .at(place);
      return nullptr;
    }
    lock_.domains[domain] = {.key = newest.signer, .sequence = newest.sequence};
    head = newest;
    return &*head;
  }

  const Project& project_;
  Reporter& reporter_;
  mesh::DirectoryStore cache_;
  mesh::Lock lock_, stored_;
  bool has_lock_ = false;
  std::unique_ptr<mesh::ObjectStore> store_;
  std::unique_ptr<mesh::Registry> registry_;
  std::map<std::string, std::optional<mesh::Publication>> heads_;
};

/// Reads the earlier version as the one of `newer`.
std::string migration_script(const mesh::Interface& newer) {
  const std::string before = script_name(fmt::format("{}_{}", newer.name, newer.migration->from));
  std::string text = fmt::format("use {}.{} version {} as {}\n\nview {} {{\n  from {}\n", newer.domain, newer.name,
                                 newer.migration->from, before, script_name(newer.name), before);
  for (size_t at = 0; at <= newer.migration->steps.size();) {
    const size_t end = std::min(newer.migration->steps.find('\n', at), newer.migration->steps.size());
    text += "  " + newer.migration->steps.substr(at, end - at) + "\n";
    at = end + 1;
  }
  return text + "}\n";
}

}  // namespace

std::string lock_path(const Project& project) {
  return project.root.empty() ? "braid.lock" : join_path(project.root, "braid.lock");
}

std::string cache_path(const Project& project) {
  return project.root.empty() ? ".braid" : join_path(project.root, ".braid");
}

bool ForeignProducts::resolve(const Project& project, const std::vector<std::unique_ptr<ast::Script>>& scripts,
                              SourceSet& sources, Reporter& reporter) {
  first_file_ = sources.size();
  const std::vector<ForeignUse> uses = foreign_uses(scripts);
  if (uses.empty() || !project.config_path) return true;
  Pins pins(project, reporter);
  if (!pins.load()) return false;
  if (!pins.has_lock() && project.mesh.registry.empty()) return true;
  bool found_all = true;
  std::map<std::string, Span> places;
  for (const ForeignUse& use : uses) {
    const std::string name = use.use_name();
    // A second `use` of a version shares the pin of the first.
    const bool pinned = pins.lock().products.contains(name) || pins.lock().definitions.contains(name);
    if (!pinned && !pins.pin(use)) {
      found_all = false;
      continue;
    }
    if (const auto known = pins.lock().definitions.find(name); known != pins.lock().definitions.end()) {
      std::optional<mesh::Definition> definition = pins.definition(name, known->second, use.span);
      found_all &= definition.has_value();
      if (definition) definitions_[name] = {.definition = std::move(*definition), .hash = known->second.definition};
      places[name] = use.span;
    }
    if (!pins.lock().products.contains(name)) continue;
    const mesh::Pin pin = pins.lock().products.at(name);
    std::optional<mesh::Interface> interface = pins.interface(name, pin, use.span);
    if (!interface) {
      found_all = false;
      continue;
    }
    ForeignProduct& product = products_[{use.qualified(), pin.version}];
    product = {.interface = std::move(*interface), .hash = pin.interface, .addresses = pin.addresses};
  }
  if (!found_all || !pins.save()) return false;
  // What the scripts may read is what the owner lets all read, and what the registry grants to them.
  std::map<std::pair<std::string, int64_t>, mesh::Interface> readable;
  for (const auto& [name, product] : products_) readable.emplace(name, product.interface);
  GrantLookup grants(project, reporter);
  for (const ForeignUse& use : uses) {
    if (!pins.lock().products.contains(use.use_name())) continue;
    const auto key = pins.lock().domains.find(use.domain);
    const std::string known_key = key == pins.lock().domains.end() ? "" : key->second.key;
    const int64_t version = pins.lock().products.at(use.use_name()).version;
    for (const auto& [reader, place] : use.readers)
      grants.let_read(products_.at({use.qualified(), version}).interface, readable.at({use.qualified(), version}),
                      reader.first, reader.second, known_key, place);
  }
  granted_ = grants.take();
  for (const ForeignUse& use : uses) {
    if (!pins.lock().products.contains(use.use_name())) continue;
    mesh::Interface& interface = readable.at({use.qualified(), pins.lock().products.at(use.use_name()).version});
    const auto columns = grants.columns(interface, use.span);
    if (!columns) continue;
    interface = mesh::only_columns(interface, *columns);
    for (const GrantedRead& one : granted_)
      if (one.grant.product == interface.qualified() && one.grant.version == interface.version)
        interface.allows.push_back({.readers = {"domain " + one.grant.reader}, .purposes = {}});
  }
  std::map<std::string, std::vector<mesh::Interface>> files;
  for (const auto& [name, interface] : readable) {
    // Names of other domains are those of one script.
    const bool alone = !interface.access.uses.empty();
    files[alone ? fmt::format("{}.v{}", interface.qualified(), interface.version) : interface.domain].push_back(
        interface);
  }
  for (const auto& [file, interfaces] : files)
    sources.add(join_path(cache_path(project), file + ".braid"), mesh::script_of(interfaces));
  for (const ForeignUse& use : uses) places.try_emplace(use.qualified(), use.span);
  return add_definitions(project, scripts, places, sources, reporter);
}

bool ForeignProducts::add_definitions(const Project& project, const std::vector<std::unique_ptr<ast::Script>>& scripts,
                                      const std::map<std::string, Span>& places, SourceSet& sources,
                                      Reporter& reporter) {
  std::set<std::string> own;
  for (const auto& script : scripts) own.insert(checking::domain_name(*script));
  // A declaration that several stand on is there once. Types and functions have their own names.
  std::map<std::tuple<std::string, bool, std::string>, std::pair<const mesh::DefinitionItem*, std::string>> items;
  bool right = true;
  std::vector<std::pair<std::string, const std::vector<mesh::DefinitionItem>*>> all;
  for (const auto& [name, foreign] : definitions_) all.emplace_back(name, &foreign.definition.items);
  // What conditions and masks of products stand on.
  for (const auto& [key, product] : products_) all.emplace_back(key.first, &product.interface.access.functions);
  for (const auto& [name, list] : all)
    for (const mesh::DefinitionItem& item : *list) {
      const std::string qualified = item.domain + "." + item.name;
      if (own.contains(item.domain)) {
        right = false;
        reporter.report(diag::DefinitionNeedsOurs{.definition = name, .name = qualified})
            .at(places.at(name), "it would be declared twice");
        continue;
      }
      const auto [known, added] = items.try_emplace({item.domain, item.kind == "type", item.name}, &item, name);
      if (added || *known->second.first == item) continue;
      right = false;
      reporter.report(diag::DefinitionsDiffer{.first = known->second.second, .second = name, .name = qualified})
          .at(places.at(name), "pinned at another time")
          .also(places.at(known->second.second), "pinned here")
          .note("`braid update` pins both to what the registry has now");
    }
  if (!right) return false;
  for (const auto& [key, item] : items)
    sources.add(join_path(cache_path(project),
                          fmt::format("{}.{}.{}.braid", item.first->domain, item.first->name, item.first->kind)),
                mesh::script_of(*item.first));
  return true;
}

const ForeignDefinition* ForeignProducts::definition(const std::string& name) const {
  const auto found = definitions_.find(name);
  return found == definitions_.end() ? nullptr : &found->second;
}

const ForeignProduct* ForeignProducts::find(const std::string& product, int64_t version) const {
  const auto found = products_.find({product, version});
  return found == products_.end() ? nullptr : &found->second;
}

const mesh::InterfaceAddress* ForeignProducts::address(const std::string& product, int64_t version,
                                                       const std::string& environment) const {
  const ForeignProduct* found = find(product, version);
  if (found == nullptr) return nullptr;
  const mesh::InterfaceAddress* anywhere = nullptr;
  for (const mesh::InterfaceAddress& address : found->addresses) {
    if (address.environment == environment) return &address;
    if (address.environment.empty()) anywhere = &address;
  }
  return anywhere;
}

namespace {

MovedPin moved_definition(const std::string& name, const mesh::Lock& before, Span place, Pins& pins,
                          Reporter& reporter) {
  MovedPin one;
  one.name = name;
  one.definition_after = pins.lock().definitions.at(name);
  const std::optional<mesh::Definition> now = pins.definition(name, *one.definition_after, place);
  const auto old = before.definitions.find(name);
  if (old == before.definitions.end() || !now) {
    one.state = "added";
    return one;
  }
  one.definition_before = old->second;
  one.state = old->second == *one.definition_after ? "same" : "moved";
  if (one.state == "same") return one;
  const size_t findings = reporter.size();
  if (const auto was = pins.definition(name, old->second, place))
    for (const mesh::Change& change : mesh::changes_between(*was, *now)) one.changes.push_back(mesh::to_text(change));
  reporter.truncate(findings);
  return one;
}

}  // namespace

std::optional<std::vector<MovedPin>> update_pins(const Project& project,
                                                 const std::vector<std::unique_ptr<ast::Script>>& scripts,
                                                 const std::string& product, Reporter& reporter) {
  Pins pins(project, reporter);
  if (!pins.load()) return std::nullopt;
  const mesh::Lock before = pins.lock();
  std::vector<MovedPin> moved;
  bool met = product.empty();
  std::set<std::string> used;
  for (const ForeignUse& use : foreign_uses(scripts)) {
    const std::string name = use.use_name();
    used.insert(name);
    if (!product.empty() && product != use.qualified() && product != name) continue;
    met = true;
    if (!pins.pin(use)) continue;
    if (pins.lock().definitions.contains(name))
      moved.push_back(moved_definition(name, before, use.span, pins, reporter));
    if (!pins.lock().products.contains(name)) continue;
    MovedPin& one = moved.emplace_back();
    one.name = name;
    one.after = pins.lock().products.at(name);
    const std::optional<mesh::Interface> now = pins.interface(name, *one.after, use.span);
    if (!now) continue;
    one.newer_major = use.version && pins.newest(use) > *use.version;
    if (const auto follower = one.newer_major ? pins.follower(use, *use.version) : std::nullopt) {
      one.migrates_to = follower->version;
      one.migration = migration_script(*follower);
    }
    const auto old = before.products.find(name);
    if (old == before.products.end()) {
      one.state = "added";
      continue;
    }
    one.before = old->second;
    one.state = old->second == *one.after ? "same" : "moved";
    if (old->second.interface == one.after->interface) continue;
    // What has changed is only told: an old interface that cannot be found does not keep the pin from moving.
    const size_t findings = reporter.size();
    if (const auto was = pins.interface(name, old->second, use.span)) {
      for (const mesh::Change& change : mesh::changes_between(*was, *now)) one.changes.push_back(mesh::to_text(change));
    }
    reporter.truncate(findings);
  }
  if (!met) {
    auto finding = reporter.report(diag::NotPinned{.product = product, .path = lock_path(project)});
    std::vector<std::string> names;
    for (const std::string& name : used) names.push_back(mesh::parse_use_name(name).first);
    if (const auto near = closest(product, names)) finding.note("did you mean `" + *near + "`?");
  }
  if (reporter.has_errors()) return std::nullopt;
  if (product.empty())
    for (const auto& [name, pin] : before.definitions)
      if (!used.contains(name)) {
        MovedPin& one = moved.emplace_back();
        one.name = name;
        one.state = "removed";
        one.definition_before = pin;
        pins.lock().definitions.erase(name);
      }
  if (product.empty())
    for (const auto& [name, pin] : before.products)
      if (!used.contains(name)) {
        moved.push_back({.name = name, .state = "removed", .before = pin, .after = {}, .changes = {}});
        pins.lock().products.erase(name);
      }
  if (!pins.save()) return std::nullopt;
  return moved;
}

}  // namespace braid::cli
