// The registry of products over an object store: what the domains publish, read with its hashes, signatures and chains
// checked, and written so that two publishers never lose each other's work.
//
// A publisher writes objects first and swaps the head of its domain last, by compare-and-swap; when another was first,
// it reads the new head, merges and tries again. Killed anywhere, it leaves the old state and objects that nothing
// names, which collect() removes. Errors have codes of the catalogue (E7200 to E7219). One thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "mesh/contract/interface.h"
#include "mesh/definition/definition.h"
#include "mesh/registry/object_store.h"
#include "mesh/registry/publication.h"
#include "runtime/base/clock.h"

namespace braid::mesh {

/// A publication and its name.
struct StoredPublication {
  std::string hash;
  Publication publication;
};

/// What a project has to say of one of its domains.
struct Draft {
  std::string tenant, domain;
  std::string compiler;
  std::vector<Interface> interfaces;  ///< of the domain, each version once, with its addresses
  ReadProducts readers;               ///< of each product of the draft that reads others
  std::set<std::string> retired;      ///< version_names of products, names of definitions: left out from now on
  /// Of a version, by its version_name: texts for other tools by their form.
  std::map<std::string, std::map<std::string, std::string>> documents = {};
  std::vector<Definition> definitions = {};  ///< of the domain, each name once
  UsedDefinitions uses = {};                 ///< of what the draft has
  std::string recovery = {};                 ///< public name of a key; empty: the one that is published stays
};

/// Whose key signs for a domain from now on.
struct KeyChange {
  std::string domain;
  std::string to;  ///< public name
  std::string compiler;
};

enum class ProductChange {
  added,
  changed,
  moved,       ///< of its interface nothing has changed, but its addresses
  documented,  ///< only its documents have changed
  same,
  kept,  ///< it is not in the draft, and stays
  retired
};
/// "new", "changed", "moved", "documents", "unchanged", "kept", "retired".
std::string_view word_of(ProductChange change);

struct PublishedVersion {
  std::string name;  ///< with the domain
  int64_t version = 1;
  ProductChange change;
  PublishedProduct now;
  std::string before;  ///< content hash of the interface before, of `changed`
};

struct PublishedName {
  std::string name;      ///< with the domain
  ProductChange change;  ///< never `moved` nor `documented`
  PublishedDefinition now;
};

struct PublishResult {
  bool wrote = false;  ///< false: nothing has changed
  StoredPublication head;
  std::vector<PublishedVersion> versions;
  std::vector<PublishedName> definitions = {};  ///< by name
  int64_t objects = 0;                          ///< written now
  int64_t attempts = 1;
};

struct Reader {
  std::string reader;  ///< version_name
  ReadOfProduct read;
};

struct DefinitionUser {
  std::string user;  ///< version_name; of a definition its name
  UseOfDefinition use;
};

struct Collected {
  int64_t objects = 0, leftovers = 0;
};

/// Who reads which version, and who uses which definition, as the newest publications of all domains say.
struct ReaderIndex {
  std::map<std::string, std::vector<Reader>> readers;        ///< by version_name
  std::map<std::string, std::vector<DefinitionUser>> users;  ///< by name
};

/// A document that was taken out of a registry.
struct ErasedDocument {
  std::string version_name;  ///< of the product
  std::string form;
};

/// May refuse a publication. It is asked before the head is swapped, each time anew when another publisher was first.
/// The head is the domain's newest one; nothing: there is none yet.
using PublishGate = std::function<Status(const Draft& draft, const std::optional<StoredPublication>& head)>;

class Registry {
 public:
  /// Both outlive the registry.
  Registry(ObjectStore& store, Clock& clock) : store_(store), clock_(clock) {}

  std::string place() const { return store_.place(); }
  Result<std::vector<std::string>> domains();
  /// The newest publication, itself checked; nothing if the domain has none.
  Result<std::optional<StoredPublication>> head(const std::string& domain);
  /// All of the domain, the newest first, with every link of the chain checked. `until`: no further back than the first
  /// one that the key of that name has signed; if there is none, all, and the last one allows what it says itself.
  Result<std::vector<StoredPublication>> chain(const std::string& domain, const std::string& until = {});
  /// The links behind the one of that number, the oldest first, with that one in front if it is there. `number` 0: all.
  Result<std::vector<StoredPublication>> chain_since(const std::string& domain, int64_t number);
  /// Of that hash, checked.
  Result<std::string> object(const std::string& hash);
  Result<Interface> interface(const std::string& hash);
  Result<Definition> definition(const std::string& hash);
  /// Who reads `domain.product` in that version, of all domains.
  Result<std::vector<Reader>> readers_of(const std::string& product, int64_t version);
  /// Who uses `domain.name`, of all domains.
  Result<std::vector<DefinitionUser>> users_of(const std::string& name);

  /// What is published stays, and another key signs the next publication. `signer`: a key that signs for the domain, or
  /// its key for recovery. Refused (7258) where it is neither.
  Result<StoredPublication> change_key(const KeyChange& change, const DomainKey& signer);
  Result<PublishResult> publish(const Draft& draft, const DomainKey& key, const PublishGate& gate = {});
  /// Removes documents of the domain, of its newest publication and of all before, of which the text is to go: `erases`
  /// says which. Publications go on naming them, so whoever asks for one is told that it is missing. Interfaces and
  /// publications stay.
  Result<std::vector<ErasedDocument>> erase_documents(const std::string& domain,
                                                      const std::function<bool(const std::string& text)>& erases);
  /// Removes objects that no publication of a domain's chain names, and what killed publishers left.
  Result<Collected> collect();

 private:
  Result<StoredPublication> publication(const std::string& hash);
  Result<std::optional<std::string>> head_hash(const std::string& domain);
  /// From the newest one back to the first for which `is_last` holds.
  Result<std::vector<StoredPublication>> walk(const std::string& domain,
                                              const std::function<bool(const Publication&)>& is_last);
  /// Whether the domain's chain has that publication: an answer that was lost on its way was a swap of ours, even if
  /// another publisher has come since.
  Result<bool> is_published(const std::string& domain, int64_t sequence, const std::string& hash);
  /// Of now; while something is published, as it was when that began.
  Result<std::shared_ptr<const ReaderIndex>> index();
  Result<std::unique_ptr<ObjectStore::Turn>> wait_for_turn();
  Result<std::optional<PublishResult>> try_publish(const Draft& draft, const DomainKey& key, const PublishGate& gate,
                                                   int64_t attempt);
  Status check_retired_definition(const Draft& draft, const std::string& name,
                                  const std::optional<StoredPublication>& head);
  Status check_retired(const Draft& draft, const std::optional<StoredPublication>& head);
  /// A version that was retired may come back as it was, and not as something else.
  Status check_taken(const Draft& draft, const std::optional<StoredPublication>& head);
  /// Versions that go with the draft: those that it retires, and those that it has not, whose end has passed, and that
  /// nobody reads. By their version_name: whether name and number stay taken, as those of a product that was no draft.
  Result<std::map<std::string, bool>> going(const Draft& draft, const std::optional<StoredPublication>& head);
  /// Counts it if it was not there.
  Status put(const std::string& content, int64_t& written);

  ObjectStore& store_;
  Clock& clock_;
  std::map<std::string, StoredPublication>
      heads_;                                   ///< by domain, as they were read last, for while something is published
  std::shared_ptr<const ReaderIndex> index_;    ///< of `indexed_`; shared: who asks may keep it
  std::map<std::string, std::string> indexed_;  ///< hash of the head by domain
  bool index_stands_ = false;                   ///< while something is published
};

}  // namespace braid::mesh
