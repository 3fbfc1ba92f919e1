#include "mesh/lineage/open_lineage.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "runtime/data/time_text.h"

namespace braid::mesh {
namespace {

using Json = nlohmann::ordered_json;

const std::string kSpec = "https://openlineage.io/spec/";

class Event {
 public:
  Event(const Graph& graph, typed::RelationId product, const EventContext& context)
      : graph_(graph), product_(product), context_(context) {}

  Json make() const {
    std::string time = timestamp_text(context_.time_us);
    const typed::Relation& relation = graph_.relation(product_);
    Json job{{"namespace", context_.space}, {"name", job_name(relation)}, {"facets", {{"jobType", job_type()}}}};
    if (context_.deployed) add_source(*context_.deployed, job["facets"]);
    Json inputs = Json::array();
    for (const Reading& reading : graph_.reads(product_, Until::products)) inputs.push_back(dataset(reading));
    Json output = dataset({product_, ""});
    output["facets"]["columnLineage"] = column_lineage();
    return {{"eventTime", time},
            {"producer", context_.producer},
            {"schemaURL", kSpec + "2-0-2/OpenLineage.json#/$defs/JobEvent"},
            {"job", std::move(job)},
            {"inputs", std::move(inputs)},
            {"outputs", Json::array({std::move(output)})}};
  }

 private:
  Json facet(const std::string& version, const std::string& name) const {
    return {{"_producer", context_.producer},
            {"_schemaURL", kSpec + "facets/" + version + "/" + name + ".json#/$defs/" + name}};
  }

  Json job_type() const {
    Json made = facet("2-0-4", "JobTypeJobFacet");
    const std::optional<Deployed>& deployed = context_.deployed;
    made["processingType"] = !deployed || deployed->streaming ? "STREAMING" : "BATCH";
    made["integration"] = "BRAID";
    made["jobType"] = "JOB";
    if (deployed && deployed->streaming)
      // What each event says is whole, and counts rows since the event before.
      made["emissionPattern"] = {{"eventTrigger", "PERIODIC"},
                                 {"eventContentMode", "COMPLETE_SNAPSHOT"},
                                 {"windowDuration", std::max<int64_t>(1, deployed->every_us / 1'000'000)}};
    return made;
  }

  void add_source(const Deployed& deployed, Json& facets) const {
    Json code = facet("1-0-1", "SourceCodeJobFacet");
    code["language"] = "braid";
    code["sourceCode"] = deployed.script;
    facets["sourceCode"] = std::move(code);
    Json place = facet("1-1-0", "SourceCodeLocationJobFacet");
    place["type"] = "file";
    place["url"] = deployed.location;
    facets["sourceCodeLocation"] = std::move(place);
  }

  Json field(const Field& declared, int64_t place, const std::string& documentation) const {
    Json made{{"name", declared.name}, {"type", to_string(declared.type)}};
    if (!documentation.empty()) made["description"] = documentation;
    made["ordinal_position"] = place;
    const std::vector<Field>* parts = lineage::parts_of(declared.type);
    if (parts == nullptr) return made;
    int64_t inner = 0;
    for (const Field& part : *parts) made["fields"].push_back(field(part, ++inner, ""));
    return made;
  }

  Json dataset(const Reading& reading) const {
    const Dataset place = context_.place(reading);
    const typed::Relation& relation = graph_.relation(reading.relation);
    Json schema = facet("1-2-0", "SchemaDatasetFacet");
    schema["fields"] = Json::array();
    Json tags = Json::array();
    for (const Origin& leaf : graph_.fields(reading))
      for (const std::string& label : graph_.made_of(leaf).labels)
        tags.push_back({{"key", label}, {"value", "true"}, {"source", "BRAID"}, {"field", graph_.field_name(leaf)}});
    const auto rows = graph_.row(reading);
    for (size_t i = 0; i < rows.size(); ++i) {
      std::string documentation;
      if (relation.source && reading.port.empty() && i < relation.source->fields.size())
        documentation = relation.source->fields[i].documentation;
      schema["fields"].push_back(field(rows[i], static_cast<int64_t>(i) + 1, documentation));
    }
    Json made{{"namespace", place.space}, {"name", place.name}, {"facets", {{"schema", std::move(schema)}}}};
    if (tags.empty()) return made;
    Json labels = facet("1-0-0", "TagsDatasetFacet");
    labels["tags"] = std::move(tags);
    made["facets"]["tags"] = std::move(labels);
    return made;
  }

  Json input_field(const Origin& origin, const char* type, std::string_view subtype, bool masking = false) const {
    const Dataset place = context_.place({origin.relation, origin.port});
    return {{"namespace", place.space},
            {"name", place.name},
            {"field", graph_.field_name(origin)},
            {"transformations",
             Json::array({{{"type", type}, {"subtype", subtype}, {"description", ""}, {"masking", masking}}})}};
  }

  /// What is no field of the data set has no name there.
  static bool is_named(const Origin& origin) { return origin.path.front() != lineage::kEventTime; }

  Json column_lineage() const {
    Json made = facet("1-2-0", "ColumnLineageDatasetFacet");
    made["fields"] = Json::object();
    for (const Origin& leaf : graph_.fields({product_, ""})) {
      const Composed from = graph_.composed(leaf, Until::products);
      const std::set<Origin> masked = graph_.masked(leaf, Until::products);
      Json inputs = Json::array();
      for (const auto& [origin, kind] : from.values)
        if (is_named(origin))
          inputs.push_back(input_field(origin, "DIRECT", lineage::word(kind), masked.contains(origin)));
      for (const auto& [origin, influence] : from.conditions)
        if (is_named(origin)) inputs.push_back(input_field(origin, "INDIRECT", lineage::word(influence)));
      made["fields"][graph_.field_name(leaf)] = {{"inputFields", std::move(inputs)}};
    }
    made["dataset"] = Json::array();
    for (const auto& [origin, influence] : graph_.composed_rows({product_, ""}, Until::products))
      if (is_named(origin)) made["dataset"].push_back(input_field(origin, "INDIRECT", lineage::word(influence)));
    return made;
  }

  const Graph& graph_;
  typed::RelationId product_;
  const EventContext& context_;
};

}  // namespace

std::string job_name(const typed::Relation& product) {
  return product.qualified() + ".v" + std::to_string(product.version);
}

std::string job_event(const Graph& graph, typed::RelationId product, const EventContext& context) {
  return Event(graph, product, context).make().dump(2) + "\n";
}

}  // namespace braid::mesh
