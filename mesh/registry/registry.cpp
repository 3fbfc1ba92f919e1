#include "mesh/registry/registry.h"

#include <cerrno>

#include <algorithm>

#include "mesh/registry/content_hash.h"
#include "mesh/registry/store_errors.h"
#include "runtime/report/life_findings.h"
#include "runtime/report/registry_findings.h"

namespace braid::mesh {
namespace {

constexpr int64_t kWaitUs = 20'000;
constexpr int64_t kLongestWaitUs = 30'000'000;
constexpr int64_t kMostAttempts = 1000;
/// Nobody publishes more often than each minute for two years.
constexpr int64_t kLongestChain = 1'000'000;

std::string head_name(const std::string& domain) {
  return "domains/" + domain + "/head";
}

std::string stored_json(Interface interface) {
  interface.addresses.clear();
  return to_json(interface);
}

bool may_sign(const Publication& publication, const std::string& key) {
  return std::ranges::find(publication.keys, key) != publication.keys.end();
}

/// Whether rows of both look the same to those who read them.
bool same_shape(const Interface& a, const Interface& b) {
  const auto field = [](const InterfaceField& one, const InterfaceField& other) {
    return one.name == other.name && same(one.type, other.type);
  };
  return a.kind == b.kind && a.key == b.key && a.time == b.time && std::ranges::equal(a.fields, b.fields, field);
}

/// What is published next, without time and chain; and what becomes of each version.
struct Merge {
  PublishedProducts products;
  ReadProducts readers;
  RetiredProducts retired;
  std::vector<PublishedVersion> versions;
  PublishedDefinitions definitions = {};
  UsedDefinitions uses = {};
  std::vector<PublishedName> names = {};
};

/// Versions that go: by their version_name, whether name and number stay taken.
using Going = std::map<std::string, bool>;

/// Definitions and who uses which. A user that is kept uses what it used.
void merge_definitions(const Draft& draft, const Publication& before, const Going& going, Merge& made) {
  std::set<std::string> drafted;
  for (const Interface& interface : draft.interfaces)
    drafted.insert(version_name(interface.qualified(), interface.version));
  for (const Definition& definition : draft.definitions) {
    drafted.insert(definition.qualified());
    PublishedDefinition now{.kind = definition.kind(), .definition = content_hash(to_json(definition))};
    ProductChange change = ProductChange::added;
    if (const auto old = before.definitions.find(definition.name); old != before.definitions.end()) {
      change = old->second.definition == now.definition ? ProductChange::same : ProductChange::changed;
      now.minor = old->second.minor + (change == ProductChange::changed);
    }
    made.definitions[definition.name] = now;
    made.names.push_back({.name = definition.qualified(), .change = change, .now = now});
  }
  for (const auto& [name, definition] : before.definitions) {
    const std::string qualified = draft.domain + "." + name;
    if (drafted.contains(qualified)) continue;
    const bool retired = draft.retired.contains(qualified);
    if (!retired) made.definitions[name] = definition;
    made.names.push_back(
        {.name = qualified, .change = retired ? ProductChange::retired : ProductChange::kept, .now = definition});
  }
  made.uses = draft.uses;
  for (const auto& [user, used] : before.uses)
    if (!drafted.contains(user) && !going.contains(user) && !draft.retired.contains(user))
      made.uses.emplace(user, used);
  std::ranges::sort(made.names, {}, &PublishedName::name);
}

Merge merge(const Draft& draft, const std::optional<StoredPublication>& head, const Going& going) {
  Merge made;
  if (head) made.retired = head->publication.retired;
  const PublishedProducts none;
  const PublishedProducts& before = head ? head->publication.products : none;
  auto find_before = [&](const std::string& name, int64_t version) -> const PublishedProduct* {
    const auto product = before.find(name);
    if (product == before.end()) return nullptr;
    const auto found = product->second.find(version);
    return found == product->second.end() ? nullptr : &found->second;
  };
  std::set<std::string> drafted;
  for (const Interface& interface : draft.interfaces) {
    const std::string name = version_name(interface.qualified(), interface.version);
    drafted.insert(name);
    PublishedVersion version{.name = interface.qualified(), .version = interface.version, .change = {}, .now = {}};
    version.now.interface = content_hash(stored_json(interface));
    version.now.addresses = interface.addresses;
    if (const auto documents = draft.documents.find(name); documents != draft.documents.end())
      for (const auto& [form, text] : documents->second) version.now.documents[form] = content_hash(text);
    const PublishedProduct* old = find_before(interface.name, interface.version);
    version.change = ProductChange::added;
    // One that was retired comes back, and counts on.
    if (const auto taken = made.retired.find(interface.name); taken != made.retired.end())
      if (const auto was = taken->second.find(interface.version); was != taken->second.end()) {
        version.now.minor = was->second.minor + (was->second.interface != version.now.interface);
        taken->second.erase(was);
        if (taken->second.empty()) made.retired.erase(taken);
      }
    if (old != nullptr && old->interface != version.now.interface)
      version.change = ProductChange::changed;
    else if (old != nullptr)
      version.change = old->addresses != interface.addresses     ? ProductChange::moved
                       : old->documents != version.now.documents ? ProductChange::documented
                                                                 : ProductChange::same;
    if (old != nullptr) version.now.minor = old->minor + (version.change == ProductChange::changed);
    if (version.change == ProductChange::changed) version.before = old->interface;
    made.products[interface.name][interface.version] = version.now;
    made.versions.push_back(std::move(version));
  }
  for (const auto& [name, versions] : before)
    for (const auto& [number, product] : versions) {
      const std::string qualified = draft.domain + "." + name;
      const std::string whole = version_name(qualified, number);
      if (drafted.contains(whole)) continue;
      const auto goes = going.find(whole);
      const bool retired = goes != going.end();
      if (!retired) made.products[name][number] = product;
      if (retired && goes->second)
        made.retired[name][number] = {.interface = product.interface, .minor = product.minor};
      made.versions.push_back({.name = qualified,
                               .version = number,
                               .change = retired ? ProductChange::retired : ProductChange::kept,
                               .now = product});
    }
  made.readers = draft.readers;
  // A product that is kept reads what it read.
  if (head)
    for (const auto& [reader, reads] : head->publication.readers)
      if (!drafted.contains(reader) && !going.contains(reader)) made.readers.emplace(reader, reads);
  merge_definitions(draft, head ? head->publication : Publication{}, going, made);
  std::ranges::sort(made.versions, [](const PublishedVersion& a, const PublishedVersion& b) {
    return std::tie(a.name, a.version) < std::tie(b.name, b.version);
  });
  return made;
}

}  // namespace

std::string_view word_of(ProductChange change) {
  switch (change) {
    case ProductChange::added:
      return "new";
    case ProductChange::changed:
      return "changed";
    case ProductChange::moved:
      return "moved";
    case ProductChange::documented:
      return "documents";
    case ProductChange::same:
      return "unchanged";
    case ProductChange::kept:
      return "kept";
    case ProductChange::retired:
      return "retired";
  }
  BRAID_UNREACHABLE("what became of a version");
}

Result<std::vector<std::string>> Registry::domains() {
  const Result<std::vector<std::string>> names = store_.list("domains");
  if (!names.ok()) return unreadable(store_, names.error());
  constexpr std::string_view kBefore = "domains/", kBehind = "/head";
  std::vector<std::string> found;
  for (const std::string& name : *names)
    if (name.ends_with(kBehind) && name.size() > kBefore.size() + kBehind.size())
      found.push_back(name.substr(kBefore.size(), name.size() - kBefore.size() - kBehind.size()));
  std::sort(found.begin(), found.end());
  return found;
}

Result<std::string> Registry::object(const std::string& hash) {
  const Result<std::optional<std::string>> content = store_.read(object_name(hash));
  if (!content.ok()) return unreadable(store_, content.error());
  if (!*content) return damaged(store_, object_name(hash), "it is missing");
  if (content_hash(**content) != hash) return damaged(store_, object_name(hash), "its content has another SHA-256");
  return **content;
}

Result<Interface> Registry::interface(const std::string& hash) {
  BRAID_ASSIGN(const std::string text, object(hash));
  Result<Interface> interface = interface_of_json(text);
  if (!interface.ok()) return damaged(store_, object_name(hash), interface.error().message);
  return interface;
}

Result<Definition> Registry::definition(const std::string& hash) {
  BRAID_ASSIGN(const std::string text, object(hash));
  Result<Definition> definition = definition_of_json(text);
  if (!definition.ok()) return damaged(store_, object_name(hash), definition.error().message);
  return definition;
}

Result<StoredPublication> Registry::publication(const std::string& hash) {
  BRAID_ASSIGN(const std::string text, object(hash));
  Result<Publication> read = read_publication(text);
  if (!read.ok()) return damaged(store_, object_name(hash), read.error().message);
  return StoredPublication{.hash = hash, .publication = std::move(*read)};
}

Result<std::optional<std::string>> Registry::head_hash(const std::string& domain) {
  const Result<std::optional<StoredHead>> stored = store_.read_head(head_name(domain));
  if (!stored.ok()) return unreadable(store_, stored.error());
  if (!*stored) return std::optional<std::string>();
  std::string hash = (*stored)->content;
  if (hash.ends_with('\n')) hash.pop_back();
  if (!is_content_hash(hash)) return damaged(store_, head_name(domain), "it is not a SHA-256");
  return std::optional<std::string>(std::move(hash));
}

Result<std::optional<StoredPublication>> Registry::head(const std::string& domain) {
  BRAID_ASSIGN(const std::optional<std::string> hash, head_hash(domain));
  if (!hash) return std::optional<StoredPublication>();
  if (const auto known = heads_.find(domain); index_stands_ && known != heads_.end() && known->second.hash == *hash)
    return std::optional<StoredPublication>(known->second);
  BRAID_ASSIGN(StoredPublication found, publication(*hash));
  if (found.publication.domain != domain)
    return damaged(store_, head_name(domain), "it names a publication of `" + found.publication.domain + "`");
  heads_.insert_or_assign(domain, found);
  return std::optional<StoredPublication>(std::move(found));
}

Result<std::vector<StoredPublication>> Registry::walk(const std::string& domain,
                                                      const std::function<bool(const Publication&)>& is_last) {
  std::vector<StoredPublication> links;
  BRAID_ASSIGN(std::optional<StoredPublication> newest, head(domain));
  if (!newest) return links;
  links.push_back(std::move(*newest));
  for (int64_t length = 1; length <= kLongestChain; ++length) {
    const Publication& link = links.back().publication;
    const std::string name = object_name(links.back().hash);
    if (!link.previous) {
      if (std::string fault = why_not_first(link); !fault.empty()) return damaged(store_, name, std::move(fault));
      return links;
    }
    // The newest one is held against the one before it in any case: its key may have been taken from it.
    if (length > 1 && is_last(link)) return links;
    BRAID_ASSIGN(StoredPublication before, publication(*link.previous));
    if (std::string fault = why_not_next(before.publication, link); !fault.empty())
      return damaged(store_, name, std::move(fault));
    if (is_last(link)) return links;
    links.push_back(std::move(before));
  }
  return damaged(store_, head_name(domain), "its chain does not end");
}

Result<std::vector<StoredPublication>> Registry::chain(const std::string& domain, const std::string& until) {
  return walk(domain, [&](const Publication& link) { return !until.empty() && link.signer == until; });
}

Result<std::vector<StoredPublication>> Registry::chain_since(const std::string& domain, int64_t number) {
  BRAID_ASSIGN(std::vector<StoredPublication> links,
               walk(domain, [&](const Publication& link) { return link.sequence <= number; }));
  std::ranges::reverse(links);
  return links;
}

Result<bool> Registry::is_published(const std::string& domain, int64_t sequence, const std::string& hash) {
  BRAID_ASSIGN(const std::vector<StoredPublication> links, chain_since(domain, sequence));
  return std::ranges::any_of(links, [&](const StoredPublication& link) { return link.hash == hash; });
}

Result<std::shared_ptr<const ReaderIndex>> Registry::index() {
  if (index_stands_ && index_) return index_;
  BRAID_ASSIGN(const std::vector<std::string> all, domains());
  std::map<std::string, std::string> now;
  for (const std::string& domain : all) {
    BRAID_ASSIGN(const std::optional<std::string> hash, head_hash(domain));
    if (hash) now[domain] = *hash;
  }
  if (index_ && indexed_ == now) return index_;
  auto made = std::make_shared<ReaderIndex>();
  for (auto& [domain, hash] : now) {
    BRAID_ASSIGN(const std::optional<StoredPublication> newest, head(domain));
    if (!newest) continue;
    hash = newest->hash;
    for (const auto& [reader, reads] : newest->publication.readers)
      for (const auto& [product, read] : reads) made->readers[product].push_back({.reader = reader, .read = read});
    for (const auto& [user, used] : newest->publication.uses)
      for (const auto& [name, use] : used) made->users[name].push_back({.user = user, .use = use});
  }
  index_ = std::move(made);
  indexed_ = std::move(now);
  return index_;
}

Result<std::vector<Reader>> Registry::readers_of(const std::string& product, int64_t version) {
  BRAID_ASSIGN(const std::shared_ptr<const ReaderIndex> now, index());
  const auto found = now->readers.find(version_name(product, version));
  return found == now->readers.end() ? std::vector<Reader>() : found->second;
}

Result<std::vector<DefinitionUser>> Registry::users_of(const std::string& name) {
  BRAID_ASSIGN(const std::shared_ptr<const ReaderIndex> now, index());
  const auto found = now->users.find(name);
  return found == now->users.end() ? std::vector<DefinitionUser>() : found->second;
}

Result<std::unique_ptr<ObjectStore::Turn>> Registry::wait_for_turn() {
  const int64_t begin = clock_.steady_us();
  while (true) {
    Result<std::unique_ptr<ObjectStore::Turn>> turn = store_.take_turn();
    if (!turn.ok()) return unwritable(store_, turn.error());
    if (*turn != nullptr) return turn;
    if (clock_.steady_us() - begin >= kLongestWaitUs)
      return error_of(ErrorKind::output,
                      diag::RegistryBusy{.place = store_.place(), .seconds = kLongestWaitUs / 1'000'000}.make());
    clock_.sleep_us(kWaitUs);
  }
}

Status Registry::put(const std::string& content, int64_t& written) {
  const Result<bool> put = store_.put_if_absent(object_name(content_hash(content)), content);
  if (!put.ok()) return unwritable(store_, put.error());
  written += *put;
  return {};
}

namespace {

Error not_retirable(const std::string& name, std::string reason) {
  return error_of(ErrorKind::usage, diag::NotRetirable{.product = name, .reason = std::move(reason)}.make());
}

}  // namespace

Status Registry::check_retired_definition(const Draft& draft, const std::string& name,
                                          const std::optional<StoredPublication>& head) {
  for (const Definition& definition : draft.definitions)
    if (definition.qualified() == name) return not_retirable(name, "the project declares it");
  const std::string prefix = draft.domain + ".";
  if (!name.starts_with(prefix) || !head || !head->publication.definitions.contains(name.substr(prefix.size())))
    return not_retirable(name, "it is not published");
  BRAID_ASSIGN(const std::vector<DefinitionUser> users, users_of(name));
  if (users.empty()) return {};
  Error error = error_of(ErrorKind::usage, diag::RetiredIsRead{.product = name}.make());
  for (const DefinitionUser& user : users) error.message += (&user == users.data() ? ": " : ", ") + user.user;
  return error;
}

Status Registry::check_retired(const Draft& draft, const std::optional<StoredPublication>& head) {
  for (const std::string& name : draft.retired) {
    if (!parse_version_name(name)) {
      BRAID_TRY(check_retired_definition(draft, name, head));
      continue;
    }
    for (const Interface& interface : draft.interfaces)
      if (version_name(interface.qualified(), interface.version) == name)
        return not_retirable(name, "the project declares it");
    const auto parsed = parse_version_name(name);
    const std::string prefix = draft.domain + ".";
    const bool published = parsed && parsed->first.starts_with(prefix) && head &&
                           head->publication.products.contains(parsed->first.substr(prefix.size())) &&
                           head->publication.products.at(parsed->first.substr(prefix.size())).contains(parsed->second);
    if (!published) return not_retirable(name, "it is not published");
    BRAID_ASSIGN(const std::vector<Reader> readers, readers_of(parsed->first, parsed->second));
    if (readers.empty()) continue;
    Error error = error_of(ErrorKind::usage, diag::RetiredIsRead{.product = name}.make());
    for (const Reader& reader : readers) error.message += (&reader == &readers[0] ? ": " : ", ") + reader.reader;
    return error;
  }
  return {};
}

Status Registry::check_taken(const Draft& draft, const std::optional<StoredPublication>& head) {
  if (!head) return {};
  for (const Interface& interface : draft.interfaces) {
    const auto name = head->publication.retired.find(interface.name);
    if (name == head->publication.retired.end()) continue;
    const auto was = name->second.find(interface.version);
    if (was == name->second.end()) continue;
    BRAID_ASSIGN(const Interface before, this->interface(was->second.interface));
    if (!same_shape(before, interface))
      return error_of(
          ErrorKind::usage,
          diag::VersionWasRetired{.product = version_name(interface.qualified(), interface.version)}.make());
  }
  return {};
}

Result<std::map<std::string, bool>> Registry::going(const Draft& draft, const std::optional<StoredPublication>& head) {
  Going found;
  if (!head) return found;
  std::set<std::string> drafted;
  for (const Interface& interface : draft.interfaces)
    drafted.insert(version_name(interface.qualified(), interface.version));
  for (const auto& [name, versions] : head->publication.products)
    for (const auto& [number, product] : versions) {
      const std::string qualified = draft.domain + "." + name;
      const std::string whole = version_name(qualified, number);
      if (drafted.contains(whole)) continue;
      BRAID_ASSIGN(const Interface interface, this->interface(product.interface));
      bool goes = draft.retired.contains(whole);
      if (const std::optional<int64_t> end = end_of(interface); !goes && end && *end <= clock_.now_us()) {
        BRAID_ASSIGN(const std::vector<Reader> readers, readers_of(qualified, number));
        goes = readers.empty();
      }
      if (goes) found.emplace(whole, !interface.draft);
    }
  return found;
}

Result<std::optional<PublishResult>> Registry::try_publish(const Draft& draft, const DomainKey& key,
                                                           const PublishGate& gate, int64_t attempt) {
  const std::string name = head_name(draft.domain);
  const Result<std::optional<StoredHead>> stored = store_.read_head(name);
  if (!stored.ok()) return unreadable(store_, stored.error());
  // What this key has signed needs no proof.
  BRAID_ASSIGN(const std::vector<StoredPublication> links, chain(draft.domain, key.public_name()));
  // Another publisher may have come between the two.
  if (stored->has_value() != !links.empty() || (!links.empty() && (*stored)->content != links.front().hash + "\n"))
    return std::optional<PublishResult>();
  const std::optional<StoredPublication> head =
      links.empty() ? std::optional<StoredPublication>() : std::optional<StoredPublication>(links.front());
  if (head && !may_sign(head->publication, key.public_name()))
    return error_of(ErrorKind::usage, diag::DomainKeyDiffers{.domain = draft.domain}.make());
  // One look at what the others read, for all that is asked of it until the head is swapped.
  index_stands_ = false;
  BRAID_TRY(index());
  index_stands_ = true;
  BRAID_TRY(check_retired(draft, head));
  BRAID_TRY(check_taken(draft, head));
  if (gate) BRAID_TRY(gate(draft, head));

  BRAID_ASSIGN(const Going going, this->going(draft, head));
  Merge merged = merge(draft, head, going);
  PublishResult result{.head = {}, .versions = std::move(merged.versions), .attempts = attempt};
  result.definitions = std::move(merged.names);
  if (head && head->publication.products == merged.products && head->publication.readers == merged.readers &&
      head->publication.retired == merged.retired && head->publication.definitions == merged.definitions &&
      head->publication.uses == merged.uses && head->publication.tenant == draft.tenant &&
      (draft.recovery.empty() || head->publication.recovery == draft.recovery)) {
    result.head = *head;
    return std::optional<PublishResult>(std::move(result));
  }
  Publication next{.tenant = draft.tenant,
                   .domain = draft.domain,
                   .time_us = clock_.now_us(),
                   .compiler = draft.compiler,
                   .keys = {key.public_name()},
                   .recovery = draft.recovery,
                   .products = std::move(merged.products),
                   .readers = std::move(merged.readers),
                   .retired = std::move(merged.retired),
                   .definitions = std::move(merged.definitions),
                   .uses = std::move(merged.uses),
                   .signer = key.public_name()};
  if (head) {
    next.previous = head->hash;
    next.sequence = head->publication.sequence + 1;
    next.keys = head->publication.keys;
    if (draft.recovery.empty()) next.recovery = head->publication.recovery;
  }
  // What the head names is there, and stays.
  std::set<std::string> there;
  if (head) there = objects_of(head->publication);
  const auto put_new = [&](const std::string& text) -> Status {
    return there.contains(object_name(content_hash(text))) ? Status() : put(text, result.objects);
  };
  for (const Interface& interface : draft.interfaces) BRAID_TRY(put_new(stored_json(interface)));
  for (const Definition& definition : draft.definitions) BRAID_TRY(put_new(to_json(definition)));
  for (const auto& [version, documents] : draft.documents)
    for (const auto& [form, text] : documents) BRAID_TRY(put_new(text));
  const std::string text = signed_json(next, key);
  const std::string hash = content_hash(text);
  BRAID_TRY(put(text, result.objects));
  const std::optional<std::string> etag = *stored ? std::optional((*stored)->etag) : std::nullopt;
  const Result<bool> swapped = store_.swap_head(name, etag, hash + "\n");
  if (!swapped.ok()) return unwritable(store_, swapped.error());
  if (!*swapped) {
    BRAID_ASSIGN(const bool published, is_published(draft.domain, next.sequence, hash));
    if (!published) return std::optional<PublishResult>();
  }
  result.wrote = true;
  result.head = {.hash = hash, .publication = std::move(next)};
  return std::optional<PublishResult>(std::move(result));
}

Result<PublishResult> Registry::publish(const Draft& draft, const DomainKey& key, const PublishGate& gate) {
  // So that nobody collects the objects before the head names them.
  BRAID_ASSIGN(const std::unique_ptr<ObjectStore::Turn> turn, wait_for_turn());
  const int64_t begin = clock_.steady_us();
  for (int64_t attempt = 1; attempt <= kMostAttempts; ++attempt) {
    Result<std::optional<PublishResult>> result = try_publish(draft, key, gate, attempt);
    index_stands_ = false;
    if (!result.ok()) return result.error();
    if (*result) return std::move(**result);
    if (clock_.steady_us() - begin >= kLongestWaitUs) break;
    clock_.sleep_us(kWaitUs);
  }
  return error_of(ErrorKind::output,
                  diag::RegistryBusy{.place = store_.place(), .seconds = kLongestWaitUs / 1'000'000}.make());
}

Result<StoredPublication> Registry::change_key(const KeyChange& change, const DomainKey& signer) {
  const auto refused = [&](std::string reason) {
    return error_of(ErrorKind::usage, diag::KeyNotChanged{.domain = change.domain, .reason = std::move(reason)}.make());
  };
  BRAID_ASSIGN(const std::unique_ptr<ObjectStore::Turn> turn, wait_for_turn());
  const int64_t begin = clock_.steady_us();
  while (clock_.steady_us() - begin < kLongestWaitUs) {
    const Result<std::optional<StoredHead>> stored = store_.read_head(head_name(change.domain));
    if (!stored.ok()) return unreadable(store_, stored.error());
    BRAID_ASSIGN(const std::vector<StoredPublication> links, chain(change.domain, signer.public_name()));
    if (!*stored || links.empty()) return refused("it has published nothing");
    // Another publisher may have come between the two.
    if ((*stored)->content != links.front().hash + "\n") continue;
    const Publication& now = links.front().publication;
    if (now.keys == std::vector{change.to}) return refused("it is this one already");
    Publication next = now;
    next.previous = links.front().hash;
    ++next.sequence;
    next.time_us = clock_.now_us();
    next.compiler = change.compiler;
    next.keys = {change.to};
    next.signer = signer.public_name();
    if (std::string fault = why_not_next(now, next); !fault.empty())
      return refused("the key that signs this is neither the domain's nor its key for recovery");
    const std::string text = signed_json(next, signer);
    int64_t written = 0;
    BRAID_TRY(put(text, written));
    const Result<bool> swapped = store_.swap_head(head_name(change.domain), (*stored)->etag, content_hash(text) + "\n");
    if (!swapped.ok()) return unwritable(store_, swapped.error());
    bool done = *swapped;
    if (!done) {
      BRAID_ASSIGN(done, is_published(change.domain, next.sequence, content_hash(text)));
    }
    if (done) return StoredPublication{.hash = content_hash(text), .publication = std::move(next)};
    clock_.sleep_us(kWaitUs);
  }
  return error_of(ErrorKind::output,
                  diag::RegistryBusy{.place = store_.place(), .seconds = kLongestWaitUs / 1'000'000}.make());
}

Result<std::vector<ErasedDocument>> Registry::erase_documents(
    const std::string& domain, const std::function<bool(const std::string& text)>& erases) {
  std::vector<ErasedDocument> erased;
  BRAID_ASSIGN(const std::optional<StoredPublication> newest, head(domain));
  if (!newest) return erased;
  BRAID_ASSIGN(const std::unique_ptr<ObjectStore::Turn> turn, wait_for_turn());
  BRAID_ASSIGN(const std::vector<StoredPublication> links, chain(domain));
  std::set<std::string> looked_at;
  for (const StoredPublication& link : links)
    for (const auto& [name, versions] : link.publication.products)
      for (const auto& [version, product] : versions)
        for (const auto& [form, hash] : product.documents) {
          if (!looked_at.insert(hash).second) continue;
          const Result<std::optional<std::string>> text = store_.read(object_name(hash));
          if (!text.ok()) return unreadable(store_, text.error());
          if (!*text || !erases(**text)) continue;
          if (const Status removed = store_.remove(object_name(hash)); !removed.ok())
            return unwritable(store_, removed.error());
          erased.push_back({version_name(domain + "." + name, version), form});
        }
  return erased;
}

Result<Collected> Registry::collect() {
  BRAID_ASSIGN(const std::unique_ptr<ObjectStore::Turn> turn, wait_for_turn());
  std::set<std::string> named;
  BRAID_ASSIGN(const std::vector<std::string> all, domains());
  for (const std::string& domain : all) {
    BRAID_ASSIGN(const std::vector<StoredPublication> links, chain(domain));
    for (const StoredPublication& link : links) {
      named.insert(object_name(link.hash));
      named.merge(objects_of(link.publication));
    }
  }
  Collected collected;
  const Result<std::vector<std::string>> objects = store_.list("objects");
  if (!objects.ok()) return unreadable(store_, objects.error());
  auto remove = [&](const std::string& name) -> Status {
    if (const Status removed = store_.remove(name); !removed.ok()) return unwritable(store_, removed.error());
    return {};
  };
  for (const std::string& name : *objects) {
    if (named.contains(name)) continue;
    const Result<bool> settled = store_.is_settled(name);
    if (!settled.ok()) return unreadable(store_, settled.error());
    if (!*settled) continue;
    BRAID_TRY(remove(name));
    ++collected.objects;
  }
  for (const char* folder : {"objects", "domains"}) {
    const Result<std::vector<std::string>> leftovers = store_.list_leftovers(folder);
    if (!leftovers.ok()) return unreadable(store_, leftovers.error());
    for (const std::string& name : *leftovers) {
      BRAID_TRY(remove(name));
      ++collected.leftovers;
    }
  }
  return collected;
}

}  // namespace braid::mesh
