#!/bin/sh
# Two users with a database each, made when the data folder is empty. Passwords travel as variables
# of psql, so nothing in them is read as SQL.
set -eu
database() {
    psql --quiet --set ON_ERROR_STOP=1 --username postgres \
        --set name="$1" --set password="$2" <<-'SQL'
		create role :"name" login password :'password';
		create database :"name" owner :"name";
		revoke all on database :"name" from public;
	SQL
}
database dagster "$DAGSTER_POSTGRES_PASSWORD"
database superset "$SUPERSET_POSTGRES_PASSWORD"
