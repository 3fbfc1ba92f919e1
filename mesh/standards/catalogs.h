// The products of a graph as the files of catalogues and of dbt. Pure functions; names come from the URN alone, so that
// a file that is read again changes what it made before.
#pragma once

#include <vector>

#include "mesh/standards/odps.h"

namespace braid::mesh {

/// `catalog-info.yaml` of Backstage (backstage.io/v1alpha1): a Resource of the type `data-product` for each version, in
/// a System of its domain. Each element is a document of the file.
std::vector<Node> backstage_of(const ProductGraph& graph, const Surroundings& around);

/// `sources.yml` of dbt 1.10 and later: a source for the domain, a table for each version, with its columns, freshness and
/// tests.
Node dbt_sources_of(const ProductGraph& graph, const Surroundings& around);

/// A data product of DataHub, as `datahub dataproduct upsert -f` reads it. Its assets are the datasets of its versions.
Node datahub_of(const ProductGraph& graph, const Surroundings& around);

/// A data product of OpenMetadata, as `PUT /v1/dataProducts` reads it.
Node openmetadata_of(const ProductGraph& graph, const Surroundings& around);

}  // namespace braid::mesh
