#include "cli/session/publication_drafts.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "cli/session/definition_drafts.h"
#include "cli/session/definition_uses.h"
#include "cli/session/output_bindings.h"
#include "cli/session/publication_documents.h"
#include "cli/session/published_access.h"
#include "cli/session/topics.h"
#include "compiler/lineage/whole_cases.h"
#include "runtime/connect/topic_template.h"

namespace braid::cli {
namespace {

/// Files have the same name for readers in other folders.
std::string whole_path(const std::string& path) {
  std::error_code ignored;  // without a working directory the path stays as it is
  const std::filesystem::path absolute = std::filesystem::absolute(path, ignored);
  return ignored ? path : absolute.lexically_normal().string();
}

/// Why readers cannot decode the records of this source by its fields alone; empty if they can.
std::string unlike_its_fields(const typed::Relation& relation) {
  const typed::Source& source = *relation.source;
  for (const typed::SourceField& field : source.fields) {
    if (field.name.front() == '`') continue;  // the event time inside a struct, which the interface names
    if (field.path != std::vector<std::string>{field.name})
      return fmt::format("`{}` stands at another place of the record", field.name);
    if (field.fallback != nullptr) return fmt::format("`{}` may be computed", field.name);
  }
  if (source.delete_when != nullptr) return "`delete when` says which records delete";
  if (source.from && !source.from->options.empty()) return "its format has options";
  return "";
}

class Drafter {
 public:
  Drafter(const Session& session, const std::string& compiler, const std::map<std::string, std::string>& samples)
      : session_(session), compiler_(compiler), samples_(samples), access_(session) {}

  Drafts make() {
    const typed::Project& project = session_.project();
    for (size_t id = 0; id < project.relations.size(); ++id) {
      const typed::Relation& relation = project.relations[id];
      if (session_.foreign_products().is_foreign(relation.span.file) || relation.output_of >= 0) continue;
      const bool is_product = relation.kind == typed::RelationKind::product;
      if (!is_product && !(relation.source && relation.is_public)) continue;
      if (const std::string reason = is_product ? "" : unlike_its_fields(relation); !reason.empty()) {
        withhold(relation, reason + "; publish a product of it");
        continue;
      }
      PublishedAccess access = access_.of(relation);
      if (!access.fault.empty()) {
        withhold(relation, access.fault);
        continue;
      }
      for (std::string& reason : access.left_out) made_.left_out.push_back({relation.qualified(), std::move(reason)});
      mesh::Draft& draft = draft_of(relation.domain);
      draft.interfaces.push_back(mesh::interface_of(project, relation));
      draft.interfaces.back().addresses.clear();
      draft.interfaces.back().access = std::move(access.access);
      if (is_product) add_reads(static_cast<typed::RelationId>(id), draft.readers);
      add_uses(mesh::version_name(relation.qualified(), relation.version), relation.domain, relation.name, relation.row,
               draft);
    }
    add_definitions();
    add_addresses();
    const mesh::Graph graph(project);
    for (auto& [name, draft] : domains_) {
      for (const mesh::Interface& interface : draft.interfaces) {
        const std::string version = mesh::version_name(interface.qualified(), interface.version);
        if (const auto rows = samples_.find(version); rows != samples_.end())
          draft.documents[version][kSamples] = rows->second;
      }
      add_documents(project, graph, draft);
      made_.domains.push_back(std::move(draft));
    }
    return std::move(made_);
  }

  mesh::ReadProducts reads(const std::vector<typed::RelationId>& products) {
    mesh::ReadProducts made;
    for (const typed::RelationId id : products) add_reads(id, made);
    return made;
  }

 private:
  void withhold(const typed::Relation& relation, const std::string& reason) {
    made_.left_out.push_back({relation.qualified(), reason});
    made_.withheld.emplace(mesh::version_name(relation.qualified(), relation.version), reason);
  }

  mesh::Draft& draft_of(const std::string& domain) {
    mesh::Draft& draft = domains_[domain];
    draft.tenant = session_.files().mesh.tenant;
    draft.domain = domain;
    draft.compiler = compiler_;
    draft.recovery = session_.files().mesh.recovery;
    return draft;
  }

  void add_definitions() {
    for (mesh::Definition& own : own_definitions(session_)) {
      mesh::Draft& draft = draft_of(own.domain);
      add_uses(own.qualified(), own.domain, own.name, {}, draft);
      draft.definitions.push_back(std::move(own));
    }
  }

  void add_uses(const std::string& user, const std::string& domain, const std::string& name,
                const std::vector<Field>& row, mesh::Draft& draft) {
    if (!uses_) uses_.emplace(session_.scripts(), session_.sources(), session_.foreign_products());
    if (auto used = uses_->of(domain, name, row); !used.empty()) draft.uses[user] = std::move(used);
  }

  /// What the reader's domain expects of it, in all its scripts.
  typed::Expectation expected_of(const std::string& domain, typed::RelationId relation) const {
    typed::Expectation made;
    for (const typed::ExpectedOf& one : session_.project().expectations)
      if (one.domain == domain && one.relation == relation) typed::add(one.expects, made);
    return made;
  }

  const std::vector<lineage::RelationFlow>& flows() {
    if (flows_.empty()) flows_ = lineage::flows(session_.project());
    return flows_;
  }

  /// The columns that its plan reads of products of others, when it runs alone.
  void add_reads(typed::RelationId id, mesh::ReadProducts& readers) {
    const typed::Project& project = session_.project();
    const typed::Relation& reader = project.relations[static_cast<size_t>(id)];
    std::optional<std::map<typed::RelationId, std::set<std::string>>> cases;  // of the reader, when it is asked for
    for (const plan::Node& node : plan::build(project, {id}).nodes) {
      const auto* source = std::get_if<plan::SourceNode>(&node.content);
      if (source == nullptr) continue;
      const typed::Relation& relation = project.relations[static_cast<size_t>(source->relation)];
      const ForeignProduct* product = session_.foreign_products().find(relation.qualified(), relation.version);
      if (product == nullptr || !session_.foreign_products().is_foreign(relation.span.file)) continue;
      mesh::ReadOfProduct& read = readers[mesh::version_name(reader.qualified(), reader.version)]
                                         [mesh::version_name(relation.qualified(), relation.version)];
      read.interface = product->hash;
      read.expects = expected_of(reader.domain, static_cast<typed::RelationId>(source->relation));
      if (!cases) cases = lineage::whole_cases(project, flows(), id);
      if (const auto of_source = cases->find(static_cast<typed::RelationId>(source->relation));
          of_source != cases->end())
        read.exhaustive = of_source->second;
      for (const int field : source->fields) {
        if (field < 0) continue;
        const std::string& name = relation.row[static_cast<size_t>(field)].name;
        const bool published = std::ranges::any_of(product->interface.fields,
                                                   [&](const mesh::InterfaceField& one) { return one.name == name; });
        if (published) read.fields.insert(name);
      }
    }
  }

  mesh::Interface* interface_of(const std::string& domain, const std::string& name, int64_t version) {
    const auto draft = domains_.find(domain);
    if (draft == domains_.end()) return nullptr;
    for (mesh::Interface& one : draft->second.interfaces)
      if (one.name == name && one.version == version) return &one;
    return nullptr;
  }

  void add_addresses() {
    if (domains_.empty()) return;
    driver::Compiled compiled = session_.compile(driver::products_of(session_.project(), {}));
    std::vector<std::string> names = session_.files().environments;
    if (names.empty()) names.push_back("");
    for (const std::string& name : names) {
      Reporter reporter;
      const auto environment = cli::environment(session_.files(), name, session_.sources(), reporter);
      if (!environment || reporter.has_errors()) {
        leave_out(name, reporter);
        continue;
      }
      add_products(compiled.program(), *environment);
      for (const typed::Relation& relation : session_.project().relations)
        if (relation.source) add_source(relation, *environment);
    }
  }

  void leave_out(const std::string& environment, const Reporter& reporter) {
    made_.left_out.push_back(
        {"[env." + environment + "]",
         "addresses there are unknown: " + (reporter.findings().empty() ? "" : reporter.findings().front().message)});
  }

  void add_products(const Program& program, const Environment& environment) {
    Reporter reporter;
    const auto topics = bind_topics(program, session_.project(), environment, reporter);
    const auto files = bind_files(program, session_.project(), environment, session_.files().root, reporter);
    if (reporter.has_errors()) return leave_out(environment.name, reporter);
    for (size_t i = 0; i < program.products.size(); ++i) {
      const ProductSpec& product = program.products[i];
      mesh::Interface* interface = interface_of(product.domain, product.name, product.version);
      // Rows of their own for what became of a key are not the rows of the interface.
      if (interface == nullptr || (product.changes && product.change_form == ChangeForm::append)) continue;
      if (has_options(product, environment)) continue;
      mesh::InterfaceAddress address{.environment = environment.name, .connector = {}, .address = {}, .format = {}};
      if (const auto topic = topics.find(static_cast<int>(i)); topic != topics.end()) {
        if (topic_template(topic->second.topic)) continue;
        address.connector = "topic";
        address.address = topic->second.topic;
        address.format = topic->second.format;
      } else {
        const auto file = files.find(static_cast<int>(i));
        if (file != files.end() && file->second.parts) continue;
        address.connector = "file";
        address.address = whole_path(file != files.end() ? file->second.path
                                                         : fmt::format("{}/out/{}.v{}.ndjson", environment.store,
                                                                       product.qualified(), product.version));
        address.format = file != files.end() ? file->second.format : "json";
      }
      if (product.changes && product.change_form == ChangeForm::debezium) {
        if (address.format != "json") continue;
        address.format = "debezium";
      }
      interface->addresses.push_back(std::move(address));
    }
  }

  /// Options of a format are not in an address.
  bool has_options(const ProductSpec& product, const Environment& environment) const {
    const auto out = environment.out.find(product.qualified());
    const auto bind = environment.bind.find(product.qualified());
    if (out != environment.out.end()) return !out->second.options.empty();
    if (bind != environment.bind.end() && !bind->second.options.empty()) return true;
    for (const typed::Relation& relation : session_.project().relations)
      if (relation.kind == typed::RelationKind::product && relation.qualified() == product.qualified() &&
          relation.version == product.version)
        return relation.to && !relation.to->options.empty();
    return false;
  }

  void add_source(const typed::Relation& relation, const Environment& environment) {
    mesh::Interface* interface = interface_of(relation.domain, relation.name, relation.version);
    if (interface == nullptr) return;
    mesh::InterfaceAddress address{.environment = environment.name, .connector = {}, .address = {}, .format = {}};
    if (relation.source->from) {
      address.connector = relation.source->from->kind;
      address.address = relation.source->from->address;
      address.format = relation.source->from->format;
      if (address.connector == "file" && !std::filesystem::path(address.address).is_absolute())
        address.address = (std::filesystem::path(session_.files().root) / address.address).string();
    }
    if (const auto bound = environment.bind.find(relation.qualified()); bound != environment.bind.end()) {
      if (!bound->second.options.empty()) return;
      const bool topic = !bound->second.topic.empty();
      if (topic || !bound->second.file.empty()) {
        address.connector = topic ? "topic" : "file";
        address.address = topic ? bound->second.topic : bound->second.file;
        address.format = topic ? "json" : format_of_ending(address.address);
      }
      if (!bound->second.format.empty()) address.format = bound->second.format;
    }
    if (address.connector.empty()) return;
    if (address.connector == "file") address.address = whole_path(address.address);
    interface->addresses.push_back(std::move(address));
  }

  const Session& session_;
  const std::string compiler_;
  const std::map<std::string, std::string>& samples_;
  std::map<std::string, mesh::Draft> domains_;
  std::vector<lineage::RelationFlow> flows_;
  std::optional<DefinitionUses> uses_;
  AccessDrafts access_;
  Drafts made_;
};

}  // namespace

mesh::ReadProducts products_read(const Session& session, const std::vector<typed::RelationId>& products) {
  return Drafter(session, "", {}).reads(products);
}

Drafts publication_drafts(const Session& session, const std::string& compiler,
                          const std::map<std::string, std::string>& samples) {
  return Drafter(session, compiler, samples).make();
}

}  // namespace braid::cli
