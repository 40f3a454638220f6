package io.runcible.engine;

/**
 * What a container has from its making on.
 *
 * @param parts those of its engine
 * @param remover removes what there is of it
 * @param directory its files
 * @param record what it was made as
 * @param connection its published ports
 */
record MadeContainer(
    EngineParts parts,
    ContainerRemover remover,
    ContainerDirectory directory,
    ContainerRecord record,
    ContainerConnection connection) {}
