#include "cli/session/lineage.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "cli/session/far_lineage.h"
#include "cli/session/product_schemas.h"
#include "mesh/lineage/json.h"
#include "mesh/lineage/open_lineage.h"
#include "mesh/lineage/picture.h"
#include "mesh/lineage/text.h"
#include "runtime/base/fs.h"
#include "runtime/report/lineage_findings.h"
#include "runtime/report/suggest.h"

namespace braid::cli {
namespace {

constexpr const char* kProducer = "https://github.com/braid/braid/tree/v0.1.0";

/// The relation that the name begins with, and what follows it.
std::optional<std::pair<std::string, std::string>> split(const Session& session, const std::string& name) {
  std::optional<std::pair<std::string, std::string>> found;
  size_t longest = 0;
  for (const typed::Relation& relation : session.project().relations)
    for (const std::string& known : {relation.qualified(), relation.name}) {
      if (name != known && !name.starts_with(known + ".")) continue;
      if (found && known.size() <= longest) continue;
      longest = known.size();
      found = {known, name.size() > known.size() ? name.substr(known.size() + 1) : ""};
    }
  return found;
}

/// Where rows are, as OpenLineage names it.
class Places {
 public:
  explicit Places(const Session& session) : session_(session), environment_(session.environment()) {
    if (environment_.kafka) {
      const std::string& brokers = environment_.kafka->settings.brokers;
      brokers_ = "kafka://" + brokers.substr(0, brokers.find(','));
    }
  }

  mesh::Dataset of(const mesh::Reading& reading) const {
    mesh::Dataset made = of(session_.project().relations[static_cast<size_t>(reading.relation)]);
    if (!reading.port.empty()) made.name += "." + reading.port;
    return made;
  }
  /// Namespace of the project's jobs.
  std::string jobs() const {
    return "braid://" + session_.files().name + (environment_.name.empty() ? "" : "/" + environment_.name);
  }

 private:
  mesh::Dataset topic(const std::string& name) const { return {brokers_.empty() ? "kafka://" : brokers_, name}; }

  mesh::Dataset of(const typed::Relation& relation) const {
    const auto& bound = relation.source ? environment_.bind : environment_.out;
    if (const auto found = bound.find(relation.qualified()); found != bound.end()) {
      if (!found->second.topic.empty()) return topic(found->second.topic);
      if (!found->second.file.empty()) return {"file", found->second.file};
    }
    if (session_.foreign_products().is_foreign(relation.span.file))
      if (const auto* published =
              session_.foreign_products().address(relation.qualified(), relation.version, environment_.name))
        return published->connector == "file" ? mesh::Dataset{"file", published->address} : topic(published->address);
    const std::optional<typed::Connector>& written = relation.source ? relation.source->from : relation.to;
    if (written && written->kind == "file") return {"file", written->address};
    if (written && written->kind == "topic") return topic(written->address);
    const std::string own = fmt::format("{}.v{}", relation.qualified(), relation.version);
    if (!relation.source && environment_.kafka) return topic(own);
    return {jobs(), own};
  }

  const Session& session_;
  const Environment& environment_;
  std::string brokers_;
};

/// "file:///srv/shop/main.braid".
std::string uri_of_file(const std::string& path) {
  const Result<std::string> whole = real_fs().canonical(path);
  std::string made = "file://";
  for (const char c : whole.ok() ? *whole : path) {
    const bool plain =
        std::isalnum(static_cast<unsigned char>(c)) != 0 || std::string_view("-._~/").find(c) != std::string_view::npos;
    made += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return made;
}

}  // namespace

std::vector<std::string> lineage_formats() {
  return {"text", "dot", "svg", "json", "openlineage"};
}

std::vector<mesh::DescribedFlow> described_flows(const Session& session, const std::vector<typed::RelationId>& products,
                                                 bool streaming) {
  const mesh::Graph graph(session.project());
  const Places places(session);
  std::vector<mesh::DescribedFlow> made;
  for (const typed::RelationId id : products) {
    const typed::Relation& relation = graph.relation(id);
    const SourceFile& script = session.sources().file(relation.span.file);
    const mesh::EventContext context{.producer = kProducer,
                                     .space = places.jobs(),
                                     .time_us = 0,
                                     .place = [&](const mesh::Reading& reading) { return places.of(reading); },
                                     .deployed = mesh::Deployed{.streaming = streaming,
                                                                .every_us = session.environment().lineage.every_us,
                                                                .script = script.text,
                                                                .location = uri_of_file(script.path)}};
    made.push_back({.product = relation.qualified(),
                    .version = relation.version,
                    .described = mesh::job_event(graph, id, context)});
  }
  return made;
}

std::optional<std::string> lineage_text(Session& session, const std::string& name, const std::string& format, bool down,
                                        int64_t now_us) {
  const auto [relation_name, path] = split(session, name).value_or(std::pair(name, std::string()));
  const typed::Relation* relation = find_relation(session, relation_name);
  if (relation == nullptr) return std::nullopt;
  // An event tells what the flow of one product does: where others' rows are, and not what they are made of.
  const std::optional<mesh::Across> wide = format == "openlineage" ? std::nullopt : lineage_across(session);
  const mesh::Graph graph = wide ? mesh::Graph(wide->project, wide->flows) : mesh::Graph(session.project());
  mesh::Subject subject{static_cast<typed::RelationId>(relation - session.project().relations.data()), {}};
  if (!path.empty()) {
    subject.fields = graph.find(subject.relation, path);
    if (subject.fields.empty()) {
      std::vector<std::string> names;
      for (const mesh::Origin& field : graph.fields({subject.relation, ""})) names.push_back(graph.field_name(field));
      auto finding = session.reporter().report(diag::LineageField{.relation = relation->qualified(), .field = path});
      if (const auto near = closest(path, names))
        finding.note("did you mean `" + relation_name + "." + *near + "`?");
      else
        finding.note(fmt::format("it has: {}", fmt::join(names, ", ")));
      return std::nullopt;
    }
  }
  if (format == "openlineage") {
    if (!path.empty() || relation->kind != typed::RelationKind::product) {
      session.reporter()
          .report(diag::LineageEvent{
              .name = name,
              .found = path.empty() ? "a " + std::string(graph.kind(subject.relation)) : std::string("a field")})
          .note("an event tells what the flow of a product reads and writes");
      return std::nullopt;
    }
    const Places places(session);
    return mesh::job_event(
        graph, subject.relation,
        {.producer = kProducer, .space = places.jobs(), .time_us = now_us, .place = [&](const mesh::Reading& reading) {
           return places.of(reading);
         }});
  }
  if (format == "dot") return mesh::dot(graph, mesh::picture(graph, subject, !down));
  if (format == "svg") return mesh::svg(graph, mesh::picture(graph, subject, !down));
  if (format == "json") return down ? mesh::json_down(graph, subject) : mesh::json_up(graph, subject);
  return down ? mesh::text_down(graph, subject) : mesh::text_up(graph, subject);
}

}  // namespace braid::cli
