// $metadata: the entity model as CSDL, in XML and in JSON. One walk over the types feeds both.
#include <functional>

#include <nlohmann/json.hpp>

#include "serve/odata/datum.h"
#include "serve/odata/model.h"
#include "serve/odata/names.h"

namespace braid::serve::odata {
namespace {

using Json = nlohmann::ordered_json;

/// A property of an entity or of a complex type, ready to be written.
struct Written {
  std::string name;
  TypeName type;
  bool nullable = false;
  std::string doc = {};
  /// Digits behind a second; of a decimal digits, and those behind the point; below 0: none are told.
  int precision = -1, scale = -1;
};

/// Digits of a decimal, and of what is measured in microseconds.
void set_digits(const Type& type, Written& made) {
  const Type* scalar = &without_optional(type);
  while (kind_of(*scalar) == Kind::list && !is(*scalar, TypeKind::map) && !is_json_element((*scalar)->element))
    scalar = &without_optional((*scalar)->element);
  switch (kind_of(*scalar)) {
    case Kind::decimal:
      made.precision = (*scalar)->precision;
      made.scale = (*scalar)->scale;
      return;
    case Kind::instant:
    case Kind::time:
    case Kind::duration:
      made.precision = 6;
      return;
    default:
      return;
  }
}

Written written_of(const std::string& name, const Type& type, const std::string& owner, const std::string& path,
                   bool nullable) {
  Written made{.name = name, .type = type_name(type, owner, path), .nullable = nullable};
  set_digits(type, made);
  if (made.type.collection) made.nullable = made.type.null_elements;
  return made;
}

Written written_of(const EntitySet& set, const Property& property) {
  Written made;
  if (property.is_row_id())
    made = {.name = property.name, .type = {.name = "Edm.String"}};
  else if (property.as_json)
    made = {.name = property.name, .type = {.name = "Edm.String"}, .nullable = property.nullable()};
  else
    made = written_of(property.name, property.type(), set.name, property.name, property.nullable());
  made.doc = property.doc;
  return made;
}

/// A struct or an enum that has a name in the model.
struct Named {
  std::string name;
  Type type;
  std::vector<Written> properties = {};  ///< of a struct
};

void gather(const Type& type, const std::string& owner, const std::string& path, std::vector<Named>& made) {
  const Type& plain = without_optional(type);
  const Kind kind = kind_of(plain);
  if (kind == Kind::list && !is_json_element(plain->element)) return gather(plain->element, owner, path, made);
  if (kind == Kind::enumeration) made.push_back({.name = owner + "_" + path, .type = plain});
  if (kind != Kind::structure) return;
  Named named{.name = owner + "_" + path, .type = plain};
  for (const Field& field : plain->fields) {
    const std::string name = odata_name(field.name);
    gather(field.type, owner, path + "__" + name, made);
    named.properties.push_back(written_of(name, field.type, owner, path + "__" + name, is_optional(field.type)));
  }
  made.push_back(std::move(named));
}

std::vector<Named> named_types(const EntitySet& set) {
  std::vector<Named> made;
  for (const Property& property : set.shape.properties)
    if (!property.is_row_id() && !property.as_json) gather(property.type(), set.name, property.name, made);
  return made;
}

std::string escaped(std::string_view text) {
  std::string made;
  for (const char byte : text) {
    switch (byte) {
      case '&':
        made += "&amp;";
        break;
      case '<':
        made += "&lt;";
        break;
      case '>':
        made += "&gt;";
        break;
      case '"':
        made += "&quot;";
        break;
      default:
        // XML has no other control characters.
        if (static_cast<uint8_t>(byte) >= 0x20 || byte == '\n' || byte == '\t') made += byte;
    }
  }
  return made;
}

std::string described(const std::string& doc, std::string_view indent) {
  if (doc.empty()) return {};
  return fmt::format("{}<Annotation Term=\"Org.OData.Core.V1.Description\" String=\"{}\"/>\n", indent, escaped(doc));
}

std::string xml_property(const Written& property) {
  std::string made = fmt::format("        <Property Name=\"{}\" Type=\"{}{}{}\" Nullable=\"{}\"", property.name,
                                 property.type.collection ? "Collection(" : "", property.type.name,
                                 property.type.collection ? ")" : "", property.nullable);
  if (property.precision >= 0) made += fmt::format(" Precision=\"{}\"", property.precision);
  if (property.scale >= 0) made += fmt::format(" Scale=\"{}\"", property.scale);
  if (property.doc.empty()) return made + "/>\n";
  return made + ">\n" + described(property.doc, "          ") + "        </Property>\n";
}

Json json_property(const Written& property) {
  Json made = Json::object();
  if (property.type.collection) made["$Collection"] = true;
  if (property.type.name != "Edm.String") made["$Type"] = property.type.name;
  if (property.nullable) made["$Nullable"] = true;
  if (property.precision >= 0) made["$Precision"] = property.precision;
  if (property.scale > 0) made["$Scale"] = property.scale;
  if (!property.doc.empty()) made["@Org.OData.Core.V1.Description"] = property.doc;
  return made;
}

/// What clients may ask of a set: all is read, nothing is written or expanded.
constexpr std::string_view kRestrictions =
    "          <Annotation Term=\"Org.OData.Capabilities.V1.ExpandRestrictions\">\n"
    "            <Record><PropertyValue Property=\"Expandable\" Bool=\"false\"/></Record>\n"
    "          </Annotation>\n"
    "          <Annotation Term=\"Org.OData.Capabilities.V1.SearchRestrictions\">\n"
    "            <Record><PropertyValue Property=\"Searchable\" Bool=\"false\"/></Record>\n"
    "          </Annotation>\n"
    "          <Annotation Term=\"Org.OData.Capabilities.V1.InsertRestrictions\">\n"
    "            <Record><PropertyValue Property=\"Insertable\" Bool=\"false\"/></Record>\n"
    "          </Annotation>\n"
    "          <Annotation Term=\"Org.OData.Capabilities.V1.UpdateRestrictions\">\n"
    "            <Record><PropertyValue Property=\"Updatable\" Bool=\"false\"/></Record>\n"
    "          </Annotation>\n"
    "          <Annotation Term=\"Org.OData.Capabilities.V1.DeleteRestrictions\">\n"
    "            <Record><PropertyValue Property=\"Deletable\" Bool=\"false\"/></Record>\n"
    "          </Annotation>\n";

void append_reference(std::string& xml, std::string_view vocabulary, std::string_view alias) {
  xml += fmt::format(
      "  <edmx:Reference Uri=\"https://oasis-tcs.github.io/odata-vocabularies/vocabularies/{0}.xml\">\n"
      "    <edmx:Include Namespace=\"{0}\" Alias=\"{1}\"/>\n  </edmx:Reference>\n",
      vocabulary, alias);
}

}  // namespace

std::string xml_of(const std::vector<const EntitySet*>& sets) {
  std::string xml =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<edmx:Edmx Version=\"4.0\" xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\">\n";
  append_reference(xml, "Org.OData.Core.V1", "Core");
  append_reference(xml, "Org.OData.Capabilities.V1", "Capabilities");
  xml += fmt::format(
      "  <edmx:DataServices>\n"
      "    <Schema Namespace=\"{}\" xmlns=\"http://docs.oasis-open.org/odata/ns/edm\">\n",
      kNamespace);
  for (const EntitySet* each : sets) {
    const EntitySet& set = *each;
    for (const Named& named : named_types(set)) {
      const bool is_enum = is(named.type, TypeKind::enumeration);
      xml += fmt::format("      <{} Name=\"{}\">\n", is_enum ? "EnumType" : "ComplexType", named.name);
      if (is_enum)
        for (size_t i = 0; i < named.type->symbols.size(); ++i)
          xml += fmt::format("        <Member Name=\"{}\" Value=\"{}\"/>\n", named.type->symbols[i], i);
      for (const Written& property : named.properties) xml += xml_property(property);
      xml += fmt::format("      </{}>\n", is_enum ? "EnumType" : "ComplexType");
    }
    xml += fmt::format("      <EntityType Name=\"{}\">\n        <Key>\n", set.name);
    if (set.has_row_id()) xml += fmt::format("          <PropertyRef Name=\"{}\"/>\n", set.row_id_name);
    for (const EntitySet::KeyPart& part : set.key)
      xml += part.alias == part.path
                 ? fmt::format("          <PropertyRef Name=\"{}\"/>\n", part.path)
                 : fmt::format("          <PropertyRef Name=\"{}\" Alias=\"{}\"/>\n", part.path, part.alias);
    xml += "        </Key>\n";
    for (const Property& property : set.shape.properties) xml += xml_property(written_of(set, property));
    xml += described(set.product->doc, "        ") + "      </EntityType>\n";
  }
  xml += "      <EntityContainer Name=\"Products\">\n";
  for (const EntitySet* each : sets)
    xml += fmt::format("        <EntitySet Name=\"{0}\" EntityType=\"{1}.{0}\">\n{2}{3}        </EntitySet>\n",
                       each->name, kNamespace, described(each->product->doc, "          "), kRestrictions);
  return xml + "      </EntityContainer>\n    </Schema>\n  </edmx:DataServices>\n</edmx:Edmx>\n";
}

std::string json_of(const std::vector<const EntitySet*>& sets) {
  Json schema = Json::object();
  Json container{{"$Kind", "EntityContainer"}};
  for (const EntitySet* each : sets) {
    const EntitySet& set = *each;
    for (const Named& named : named_types(set)) {
      const bool is_enum = is(named.type, TypeKind::enumeration);
      Json& made = schema[named.name] = {{"$Kind", is_enum ? "EnumType" : "ComplexType"}};
      if (is_enum)
        for (size_t i = 0; i < named.type->symbols.size(); ++i) made[named.type->symbols[i]] = i;
      for (const Written& property : named.properties) made[property.name] = json_property(property);
    }
    Json& entity = schema[set.name] = {{"$Kind", "EntityType"}, {"$Key", Json::array()}};
    if (set.has_row_id()) entity["$Key"].push_back(set.row_id_name);
    for (const EntitySet::KeyPart& part : set.key)
      entity["$Key"].push_back(part.alias == part.path ? Json(part.path) : Json{{part.alias, part.path}});
    for (const Property& property : set.shape.properties)
      entity[property.name] = json_property(written_of(set, property));
    if (!set.product->doc.empty()) entity["@Org.OData.Core.V1.Description"] = set.product->doc;
    container[set.name] = {{"$Collection", true}, {"$Type", fmt::format("{}.{}", kNamespace, set.name)}};
  }
  schema["Products"] = std::move(container);
  const Json made{{"$Version", "4.01"},
                  {"$EntityContainer", fmt::format("{}.Products", kNamespace)},
                  {std::string(kNamespace), std::move(schema)}};
  return made.dump() + "\n";
}

}  // namespace braid::serve::odata
