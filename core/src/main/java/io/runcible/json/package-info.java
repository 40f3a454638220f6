/**
 * JSON as trees of Jackson's nodes, by its streams alone. Its object mapper, which can do the same,
 * loads four hundred classes for it, a quarter of the time that the first container of a fresh JVM
 * takes.
 */
@NullMarked
package io.runcible.json;

import org.jspecify.annotations.NullMarked;
